import type { Beat, BeatAnswer, KeptTotal } from '@atp-router/flow';
import { AtpError, Complaints } from '@atp-router/kernel';
import type { Redis } from 'ioredis';
import { systemClock } from '../clock.ts';
import { ADVICE, reasonOf } from '../valkey/reasons.ts';
import { Connection } from './connection.ts';
import { fieldOf, KEPT_TTL_MS, totalOf, numbersOf } from './kept.ts';
import { Incoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';
import { CLUSTER_SCRIPTS } from './scripts.ts';
import type { Cluster, ClusterOptions, ClusterStats } from './types.ts';

/** Raised when keys or messages change: machines of two versions then do not know of each other. */
const VERSION = 1;
/** Three answers that do not come fit into a tenure. */
const ANSWER_MS = 1_500;
/** A member that is not heard of for so long has no credit any more: five leases. */
const MEMBER_TTL_MS = 60_000;
/** Of what nobody uses any more. */
const KEY_TTL_MS = 86_400_000;

/** Machines that meet at a server of Valkey or Redis. */
export function valkeyCluster(options: ClusterOptions): Cluster {
  return new ValkeyCluster(options);
}

class ValkeyCluster implements Cluster {
  readonly #options: ClusterOptions;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  #lost_total = 0;
  /** Something was lost that nobody was told of. */
  #is_lossy = false;
  #is_told = false;
  #is_closed = false;
  #round_trip_ms: number | undefined;

  constructor(options: ClusterOptions) {
    const { url, ca, self, onMessages } = options;
    this.#options = options;
    const keyOf = (to: string): string => this.#key(`in:${to}`);
    this.#outgoing = new Outgoing({
      ...{ self, keyOf, client: () => this.#writer.client },
      onLost: (messages) => {
        this.#lost_total += messages;
        this.#is_lossy = true;
      },
    });
    const thrown_over = new Complaints(systemClock, options.onProblem);
    this.#incoming = new Incoming({
      ...{ key: keyOf(self), onMessages },
      onThrown: (from, thrown) => {
        this.#is_lossy = true;
        thrown_over.about(`What ${from.slice(0, 100)} sent could not be taken, and is lost.`, thrown);
      },
      leave: (client) => this.#reader.leave(client),
    });
    const common = { address: { url, ca }, onDown: (reason: string) => this.#down(reason) };
    const scripts = Object.values(CLUSTER_SCRIPTS);
    this.#writer = new Connection({ ...common, scripts, onUp: () => undefined });
    this.#reader = new Connection({ ...common, scripts: [], onUp: (client) => void this.#incoming.readFrom(client) });
  }

  async beat(beat: Beat, workers: readonly string[]): Promise<BeatAnswer> {
    const { self, settled_ms } = this.#options;
    const { n, leads, takes, known, run, run_seen_ms } = beat;
    const began_ms = performance.now();
    const taking = takes === undefined ? 'none' : takes.free ? 'free' : 'any';
    const reply = await this.#run(
      'beat',
      [this.#key('record'), this.#key('members')],
      [
        ...[self, String(n), String(leads), taking, takes?.record ?? '', String(known), JSON.stringify(workers)],
        ...[run, String(Math.floor(run_seen_ms)), String(settled_ms), String(MEMBER_TTL_MS), String(KEY_TTL_MS)],
      ],
    );
    this.#round_trip_ms = performance.now() - began_ms;
    this.#is_told = false;
    if (this.#is_lossy && this.#reader.client !== undefined) {
      this.#is_lossy = false;
      this.#options.onLost();
    }
    return answerOf(reply);
  }

  async leave(epoch: number): Promise<void> {
    this.#outgoing.flush();
    await this.#run('leave', [this.#key('record')], [this.#options.self, String(epoch)]);
  }

  async keep(totals: readonly KeptTotal[]): Promise<void> {
    const client = this.#client();
    const commands = totals.flatMap((total) => {
      const key = this.#key(`used:${total.day}`);
      return [
        ['hset', key, fieldOf(total), numbersOf(total)],
        ['pexpire', key, String(KEPT_TTL_MS)],
      ];
    });
    const answers = (await inTime(client.pipeline(commands).exec())) ?? [];
    const failed = answers.find(([error]) => error !== null);
    if (answers.length < commands.length || failed !== undefined) throw unusable(reasonOf(failed?.[0]));
  }

  async kept(day: number): Promise<readonly KeptTotal[]> {
    const found = await inTime(this.#client().hgetall(this.#key(`used:${day}`)));
    return Object.entries(found).flatMap(([field, value]) => totalOf(field, value, day) ?? []);
  }

  send(to: string, message: unknown): void {
    if (!this.#is_closed) this.#outgoing.add(to, message);
  }

  stats(): ClusterStats {
    return {
      is_up: this.#writer.client !== undefined && this.#reader.client !== undefined,
      sent_total: this.#outgoing.sent_total,
      received_total: this.#incoming.received_total,
      lost_total: this.#lost_total,
      round_trip_ms: this.#round_trip_ms,
    };
  }

  async close(): Promise<void> {
    this.#outgoing.flush();
    this.#is_closed = true;
    // What was sent before is there when this is answered.
    await inTime<unknown>(this.#writer.client?.ping() ?? Promise.resolve()).catch(() => undefined);
    await Promise.all([this.#writer.close(), this.#reader.close()]);
  }

  async #run(name: keyof typeof CLUSTER_SCRIPTS, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const client = this.#client();
    try {
      return await inTime(client.evalsha(CLUSTER_SCRIPTS[name].sha, keys.length, ...keys, ...args));
    } catch (error) {
      // Whatever it is: another connection loads the scripts again, and may lead to another server.
      this.#writer.leave(client);
      const reason = error === LATE ? 'it does not answer' : reasonOf(error);
      this.#down(reason);
      throw unusable(reason);
    }
  }

  #client(): Redis {
    const { client } = this.#writer;
    if (client === undefined) throw unusable('there is no connection');
    return client;
  }

  #down(reason: string): void {
    this.#is_lossy = true;
    if (this.#is_told || this.#is_closed) return;
    this.#is_told = true;
    this.#options.onProblem(unusable(reason));
  }

  #key(name: string): string {
    return `${this.#options.prefix}:cluster:${VERSION}:${name}`;
  }
}

const LATE = new Error('no answer in time');

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(LATE), ANSWER_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function answerOf(reply: unknown): BeatAnswer {
  const words = (Array.isArray(reply) ? reply : []).map(String);
  const [record = '', leader = '', epoch, is_free, run = '', is_whole, ...lists] = words;
  return {
    ...{ record, run, epoch: Number(epoch), is_free: is_free === '1' },
    leader: leader === '' ? undefined : leader,
    workers: is_whole === '1' ? lists.flatMap(namesOf) : undefined,
  };
}

function namesOf(list: string): readonly string[] {
  const names: unknown = JSON.parse(list);
  return Array.isArray(names) ? names.map(String) : [];
}

function unusable(reason: string): AtpError {
  const what = `The server of cluster.url cannot be used: ${reason}`;
  const then = 'Calls start within what this machine was given before, for at most 10 s, until it is back.';
  return new AtpError('internal_error', `${what}. ${then} ${ADVICE}`);
}
