import { setTimeout as delay } from 'node:timers/promises';
import { AtpError } from '@atp-router/kernel';
import type { Redis } from 'ioredis';
import { CONNECT_MS, connectValkey, RETRY_MS, type ValkeyAddress, within } from '../../valkey/connect.ts';
import { codeOf, reasonOf } from '../../valkey/reasons.ts';
import { unanswered, unusable } from './problems.ts';
import { type Call, SCRIPTS } from './scripts.ts';

export interface ValkeyLinkOptions extends ValkeyAddress {
  /** Replicas that have to have what was written before it counts as kept. */
  readonly wait_replicas: number;
  /** How long what is to be kept waits for the server, over connections that are lost meanwhile. */
  readonly timeout_ms: number;
}

/** An answer of the server: what a script returned, or the first word of its error. */
export type Reply = { readonly value: unknown } | { readonly error: string };

/** The server answers nothing else meanwhile: what is late then is asked for again. */
const REPLICAS_MS = 100;
const NO_REPLICAS = 'NOREPLICAS';

/** Of the server as it is now, not of what it was asked: another time, or another connection, may do. */
const PASSING: ReadonlySet<string> = new Set([
  ...['LOADING', 'READONLY', 'MASTERDOWN', 'BUSY', 'TRYAGAIN', 'NOSCRIPT', NO_REPLICAS, 'UNBLOCKED'],
]);

/**
 * The way to the server: one connection at a time, made again when it is lost. What is asked is asked again until it is
 * answered or its time is over, so it has to be repeatable.
 */
export class ValkeyLink {
  readonly #options: ValkeyLinkOptions;
  /** Of what is being asked. */
  readonly #open: Set<AbortController> = new Set();
  #is_closed = false;
  #client: Redis | undefined;
  #connecting: Promise<Redis> | undefined;

  constructor(options: ValkeyLinkOptions) {
    this.#options = options;
  }

  /** Connects for the first time. Throws `config_invalid`: what the server says is about the configuration. */
  async open(): Promise<ReadonlyMap<string, string>> {
    try {
      const client = await this.#connected();
      return infoOf(await within(CONNECT_MS, client, client.info()));
    } catch (error) {
      throw error instanceof AtpError ? error : unusable(reasonOf(error));
    }
  }

  /** All in one write. Rejects with `internal_error` when they are not all answered in time. */
  async run(calls: readonly Call[], is_write: boolean = true): Promise<readonly Reply[]> {
    const { timeout_ms } = this.#options;
    const asked = new AbortController();
    if (this.#is_closed) asked.abort();
    const timer = setTimeout(() => asked.abort(), timeout_ms).unref();
    this.#open.add(asked);
    try {
      return await this.#ask(calls, is_write, asked.signal);
    } finally {
      clearTimeout(timer);
      this.#open.delete(asked);
    }
  }

  async #ask(calls: readonly Call[], is_write: boolean, over: AbortSignal): Promise<readonly Reply[]> {
    const { timeout_ms } = this.#options;
    let reason = 'it does not answer';
    for (let wait_ms: number = RETRY_MS.first; !over.aborted; wait_ms = Math.min(2 * wait_ms, RETRY_MS.last)) {
      const answer = await this.#attempt(calls, is_write, over);
      if (typeof answer !== 'string') return answer ?? Promise.reject(unanswered(reason, timeout_ms));
      reason = answer;
      await delay(wait_ms, undefined, { signal: over }).catch(() => undefined);
    }
    throw unanswered(this.#is_closed ? 'the router stops' : reason, timeout_ms);
  }

  close(): void {
    this.#is_closed = true;
    for (const asked of this.#open) asked.abort();
    this.#client?.disconnect();
    this.#client = undefined;
  }

  /** A string: why it was not answered, or not as it should be; it may be another time. Undefined: the time is over. */
  async #attempt(
    calls: readonly Call[],
    is_write: boolean,
    over: AbortSignal,
  ): Promise<readonly Reply[] | string | undefined> {
    try {
      const client = await unless(over, this.#connected());
      const replies = await unless(over, this.#send(client, calls, is_write));
      const passing = replies.find((reply) => 'error' in reply && PASSING.has(reply.error));
      if (passing === undefined || !('error' in passing)) return replies;
      // A connection of its own loads the scripts again, and may lead to the one that is primary now.
      if (passing.error !== NO_REPLICAS) this.#leave(client);
      return reasonOf({ name: 'ReplyError', message: passing.error });
    } catch (error) {
      if (error !== GIVEN_UP) return reasonOf(error);
      // What a server that does not answer has in its hands must not hold up what follows.
      if (this.#client !== undefined) this.#leave(this.#client);
      return undefined;
    }
  }

  async #send(client: Redis, calls: readonly Call[], is_write: boolean): Promise<readonly Reply[]> {
    const { wait_replicas } = this.#options;
    const commands = calls.map(({ script, keys, args }) => [
      ...['evalsha', SCRIPTS[script].sha, String(keys.length)],
      ...[...keys, ...args],
    ]);
    const waits = is_write && wait_replicas > 0;
    if (waits) commands.push(['wait', String(wait_replicas), String(REPLICAS_MS)]);
    const answers = (await client.pipeline(commands).exec()) ?? [];
    const replies = answers.map(([error, value]): Reply => {
      if (error === null || error === undefined) return { value };
      if (error.name !== 'ReplyError') throw error;
      return { error: codeOf(error.message) };
    });
    if (replies.length !== commands.length) throw new Error('the connection was lost');
    if (!waits) return replies;
    const reached = replies.pop() as Reply;
    const is_enough = 'value' in reached && Number(reached.value) >= wait_replicas;
    return is_enough ? replies : [{ error: NO_REPLICAS }];
  }

  #connected(): Promise<Redis> {
    if (this.#client?.status === 'ready') return Promise.resolve(this.#client);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Redis> {
    const client = await connectValkey(this.#options, Object.values(SCRIPTS));
    if (this.#is_closed) {
      client.disconnect();
      throw GIVEN_UP;
    }
    this.#client = client;
    return client;
  }

  #leave(client: Redis): void {
    client.disconnect();
    if (this.#client === client) this.#client = undefined;
  }
}

const GIVEN_UP = new Error('the time is over');

/** Rejects with `GIVEN_UP` when that is over first; what comes of the promise afterwards is nobody's. */
function unless<T>(over: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(GIVEN_UP);
    if (over.aborted) giveUp();
    over.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => over.removeEventListener('abort', giveUp));
  });
}

/** What INFO says, by name. */
function infoOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').map((line) => line.split(':', 2));
  return new Map(lines.flatMap(([name, value]) => (name && value !== undefined ? [[name, value] as const] : [])));
}
