import { setTimeout as delay } from 'node:timers/promises';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { PROVIDER_IDS, secretOf } from '../config.ts';
import { send } from '../http.ts';
import type { Marked, Upstream } from '../upstream/upstream.ts';
import { textAnswer } from '../upstream/script.ts';

/** What a client knows of one of its requests. */
export interface ClientRecord {
  /** In the prompt and in `x-atp-task-type`: joins the upstream's log with the router's records. */
  readonly req: string;
  readonly path: string;
  readonly body: string;
  readonly key: string | undefined;
  /** It loses interest: as soon as it has asked, or with the first bytes of the answer. */
  readonly leaves: 'at_once' | 'midway' | undefined;
  /** The answer with its proper end, if that came. */
  answer?: string;
  /** A status other than 200. */
  refused?: number;
}

/** At a time. */
export const CLIENTS = 8;

/** Output tokens of an answer: enough for several progress records. */
export const LONG_PIECES = 16;
const PIECE_CHARS = 160;
export const SERVED = { in_tokens: 40, out_tokens: 700 };

/** About when the upstream is asked: some leave before, some behind its first byte. */
const LEAVES_AFTER_MS = 2;

/** Both take the same body. */
const PATHS = ['/v1/chat/completions', '/v1/messages'] as const;

interface Scripts {
  readonly short: Marked;
  readonly long: Marked;
}

async function makeScripts(upstream: Upstream): Promise<Scripts> {
  const pieces = Array.from({ length: LONG_PIECES }, (_, i) => `${i}`.padEnd(PIECE_CHARS, ' word'));
  return {
    short: await upstream.script({ answer: { ...textAnswer('short', ' answer'), usage: SERVED } }),
    long: await upstream.script({ answer: { ...textAnswer(...pieces), usage: SERVED }, pace_ms: 1 }),
  };
}

/** One request after the other until the router is gone. */
export class Client {
  readonly records: ClientRecord[] = [];
  readonly #rng: Rng;
  readonly #upstream: Upstream;
  readonly #scripts: Scripts;
  readonly #name: string;

  constructor(name: string, rng: Rng, upstream: Upstream, scripts: Scripts) {
    this.#name = name;
    this.#rng = rng;
    this.#upstream = upstream;
    this.#scripts = scripts;
  }

  /** `rest_ms`: who is refused comes again after so long, and not at once. */
  async run(port: number, alive: () => boolean, rest_ms: number = 0): Promise<void> {
    while (alive()) {
      await this.#one(port);
      if (rest_ms > 0 && this.records.at(-1)?.refused !== undefined) await delay(rest_ms);
    }
  }

  async #one(port: number): Promise<void> {
    const req = `${this.#name}x${this.records.length}`;
    const script = await this.#script();
    const stream = randomInt(this.#rng, 0, 2) > 0;
    const provider = PROVIDER_IDS[randomInt(this.#rng, 0, PROVIDER_IDS.length - 1)];
    const leaves = ([undefined, 'at_once', 'midway'] as const)[Math.max(0, randomInt(this.#rng, -7, 2))];
    const record: ClientRecord = {
      req,
      path: PATHS[randomInt(this.#rng, 0, PATHS.length - 1)] ?? '',
      key: leaves === undefined && randomInt(this.#rng, 0, 1) === 0 ? `key-${req}` : undefined,
      leaves,
      body: JSON.stringify({
        model: ['policy:chain', 'policy:hedged'][randomInt(this.#rng, 0, 6)] ?? `m-${provider}`,
        stream,
        max_tokens: 4_000,
        messages: [{ role: 'user', content: `${script.mark} req:${req} ` }],
      }),
    };
    this.records.push(record);
    await perform(port, record);
  }

  /** Most answers are plain; some come only at the second try. */
  async #script(): Promise<Marked> {
    const draw = randomInt(this.#rng, 0, 9);
    if (draw < 2) return this.#upstream.script({ status: 503 }, { answer: { ...textAnswer('late'), usage: SERVED } });
    return draw < 6 ? this.#scripts.long : this.#scripts.short;
  }
}

/** As many as there are at a time, with names that begin with `name`. */
export async function makeClients(name: string, rng: Rng, upstream: Upstream): Promise<readonly Client[]> {
  const scripts = await makeScripts(upstream);
  return Array.from(
    { length: CLIENTS },
    (_, i) => new Client(`${name}c${i}`, seededRng(randomInt(rng, 1, 1e9)), upstream, scripts),
  );
}

/** Sends a request and notes what came of it. A connection that breaks is no answer. */
export async function perform(port: number, record: ClientRecord): Promise<void> {
  const pending = send(asked(port, record));
  if (record.leaves === 'at_once') setTimeout(() => pending.leave(), LEAVES_AFTER_MS);
  const answer = await pending.answer.catch(() => undefined);
  if (answer === undefined) return;
  if (record.leaves === 'midway') {
    await answer.chunk();
    answer.leave();
    return;
  }
  const text = await answer.text();
  if (answer.status !== 200) record.refused = answer.status;
  else if (answer.complete) record.answer = text;
}

export function asked(port: number, record: ClientRecord): Parameters<typeof send>[0] {
  return {
    port,
    path: record.path,
    key: secretOf('acme'),
    body: record.body,
    headers: {
      'x-atp-task-type': record.req,
      ...(record.key === undefined ? {} : { 'idempotency-key': record.key }),
    },
  };
}
