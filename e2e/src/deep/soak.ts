import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { verifyJournal } from '@atp-router/adapters';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { PROVIDER_IDS, type RouterConfig, secretOf, standardConfig } from '../config.ts';
import { type Rig, startRig } from '../harness.ts';
import { send } from '../http.ts';
import { textAnswer } from '../upstream/script.ts';
import type { Marked, Upstream } from '../upstream/upstream.ts';
import type { MemoryReading } from './gauge.ts';
import type { Part } from './part.ts';

const SOAK_MS = 600_000;
const SHORT_SOAK_MS = 15_000;
const READINGS = 40;
const WORKERS = 32;
/** Mean pause of a client between two calls; the load stays below what one core can do. */
const PAUSE_MS = 60;
const GAUGE = fileURLToPath(new URL('./gauge.ts', import.meta.url));
const MIB = 1_048_576;
/** Caches fill and code is compiled in the first part; it does not count. */
const WARM_UP = 0.3;
/** What may be left over at the end against the time after the warm-up: noise of a collection. */
const GROWTH_MIB_MAX = 12;
/** The same for runs that are over before the warm-up is: all caches filling is far less, a leak of each call more. */
const SHORT_GROWTH_MIB_MAX = 32;

interface Counts {
  answered: number;
  left: number;
  refused: number;
  broken: number;
}

type GoesOn = (calls: number) => boolean;
type Scripts = Readonly<Record<'short' | 'long' | 'failing' | 'flaky', Marked>>;

async function makeScripts(rig: Rig): Promise<Scripts> {
  const long = Array.from({ length: 40 }, (_, i) => `piece ${i} of a longer answer, `);
  const fail = { status: 500 } as const;
  return {
    short: await rig.upstream.script({ answer: textAnswer('short', ' answer') }),
    long: await rig.upstream.script({ answer: textAnswer(...long), pace_ms: 2 }),
    failing: await rig.upstream.script({ status: 400, message: 'no' }),
    flaky: await rig.upstream.scriptBy({ ollama: [fail], '*': [{ answer: textAnswer('late') }] }),
  };
}

interface Load {
  readonly rig: Rig;
  readonly scripts: Scripts;
  readonly pause_ms: number;
  readonly counts: Counts;
}

/** One client: calls of every kind, some left in the middle. Goes on as long as its number of calls says so. */
async function client({ rig, scripts, pause_ms, counts }: Load, rng: Rng, goesOn: GoesOn): Promise<void> {
  for (let calls = 0; goesOn(calls); calls += 1) {
    if (pause_ms > 0) await delay(randomInt(rng, 0, 2 * pause_ms));
    const draw = randomInt(rng, 0, 99);
    const kind = draw < 45 ? 'long' : draw < 90 ? 'short' : draw < 95 ? 'failing' : 'flaky';
    const provider = PROVIDER_IDS[randomInt(rng, 0, PROVIDER_IDS.length - 1)];
    const body = {
      model: kind === 'flaky' ? 'policy:chain' : `m-${provider}`,
      stream: randomInt(rng, 0, 3) > 0,
      messages: [{ role: 'user', content: `${scripts[kind].mark} ${'words '.repeat(randomInt(rng, 1, 200))}` }],
    };
    const headers = randomInt(rng, 0, 4) === 0 ? { 'idempotency-key': `k${rng.next()}` } : {};
    const { port } = rig.router;
    const pending = send({ port, path: '/v1/chat/completions', key: secretOf('acme'), headers, body });
    const answer = await pending.answer.catch(() => undefined);
    if (answer === undefined) counts.broken += 1;
    else if (answer.status === 200 && randomInt(rng, 0, 9) === 0) {
      await answer.chunk();
      answer.leave();
      counts.left += 1;
    } else {
      await answer.text();
      if (answer.status === 200 && answer.complete) counts.answered += 1;
      else if (answer.status === 400 && kind === 'failing') counts.refused += 1;
      else counts.broken += 1;
    }
  }
}

function readMemory(rig: Rig): Promise<MemoryReading> {
  const child = rig.router.child.process;
  return new Promise((resolve) => {
    child.once('message', (message) => resolve((message as { memory: MemoryReading }).memory));
    child.send({ read: 'memory' });
  });
}

const mib = (bytes: number): number => Math.round((bytes / MIB) * 10) / 10;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Live memory in the first and in the last third of the time after the warm-up. */
export function growthOf(readings: readonly MemoryReading[]): { before_mib: number; after_mib: number } {
  const warm = readings.slice(Math.floor(readings.length * WARM_UP));
  const live = warm.map((reading) => mib(reading.heap_bytes + reading.external_bytes));
  const third = Math.max(1, Math.floor(live.length / 3));
  return { before_mib: median(live.slice(0, third)), after_mib: median(live.slice(-third)) };
}

export interface SoakReport {
  readonly counts: Readonly<Counts>;
  readonly readings: readonly MemoryReading[];
  readonly calls_opened: number;
  readonly calls_ended: number;
  readonly problems: readonly string[];
}

/** A router under mixed load, with clients that leave and upstreams that fail. */
export class Soak {
  readonly counts: Counts = { answered: 0, left: 0, refused: 0, broken: 0 };
  readonly readings: MemoryReading[] = [];
  readonly #rig: Rig;
  readonly #load: Load;
  readonly #rngs: readonly Rng[];

  private constructor(rig: Rig, scripts: Scripts, pause_ms: number, rngs: readonly Rng[]) {
    this.#rig = rig;
    this.#load = { rig, scripts, pause_ms, counts: this.counts };
    this.#rngs = rngs;
  }

  static async start(seed: number, workers: number, pause_ms: number): Promise<Soak> {
    const options = { node_args: ['--expose-gc', '--import', GAUGE] };
    const rig = await startRig(configOf, options, ['quiet']);
    const rngs = Array.from({ length: workers }, (_, i) => seededRng(seed + i));
    return new Soak(rig, await makeScripts(rig), pause_ms, rngs);
  }

  /** Resolves when every client has made its calls. */
  async run(goesOn: GoesOn): Promise<void> {
    await Promise.all(this.#rngs.map((rng) => client(this.#load, rng, goesOn)));
  }

  /** Live memory now. */
  async read(): Promise<void> {
    this.readings.push(await readMemory(this.#rig));
  }

  /** Ends everything. `add_up` also adds up every usage record, which takes memory for all of them. */
  async finish(add_up: boolean): Promise<SoakReport> {
    const { counts, readings } = this;
    const { router } = this.#rig;
    const problems: string[] = [];
    try {
      problems.push(...(await settled(this.#rig)).map((what) => `still reserved: ${what}`));
    } finally {
      await this.#rig.stop();
    }
    const { ok, calls_opened, calls_ended, ...journal } = verifyJournal(join(router.data_dir, 'journal'));
    if (!ok) problems.push(...journal.problems.map((problem) => problem.reason));
    else if (add_up) problems.push(...router.books().problems);
    this.#rig.remove();
    if (calls_opened !== calls_ended) problems.push(`${calls_opened} calls were opened, ${calls_ended} ended`);
    if (counts.broken > 0) problems.push(`${counts.broken} calls broke for no reason of their own`);
    return { counts, readings, calls_opened, calls_ended, problems };
  }
}

function configOf(upstream: Upstream): RouterConfig {
  return standardConfig(upstream, {
    // Small enough to be full before the warm-up is over.
    idempotency: { max_entries: 500 },
    policies: [{ id: 'chain', fallback: ['m-ollama-1', 'm-chat'] }],
    telemetry: { log_level: 'error' },
  });
}

/** Minutes of it: everything is settled and memory stays flat. */
export const soak: Part = async ({ seed, short, say }) => {
  const duration_ms = short ? SHORT_SOAK_MS : SOAK_MS;
  const run = await Soak.start(seed, WORKERS, PAUSE_MS);
  const end_ms = Date.now() + duration_ms;
  const over = (): boolean => Date.now() >= end_ms;
  const load = run.run(() => !over());
  while (!over()) {
    await delay(duration_ms / READINGS);
    await run.read();
    const { readings, counts } = run;
    if (readings.length % 10 === 0) say(`${readings.length} of ${READINGS} readings, ${counts.answered} answers`);
  }
  await load;
  const { counts, readings, calls_opened, calls_ended, problems } = await run.finish(short);
  const { before_mib, after_mib } = growthOf(readings);
  const grown = after_mib - before_mib > (short ? SHORT_GROWTH_MIB_MAX : GROWTH_MIB_MAX);
  const rss = readings.map((reading) => mib(reading.rss_bytes));
  return {
    facts: [
      ['duration', `${duration_ms / 1_000} s, ${WORKERS} clients`],
      ['answered in full', String(counts.answered)],
      ['left in the middle', String(counts.left)],
      ['refused by the upstream, as scripted', String(counts.refused)],
      ['calls per second', String(Math.round(calls_opened / (duration_ms / 1_000)))],
      ['usage records for calls opened', `${calls_ended} for ${calls_opened}`],
      ['live memory after collection, early and late', `${before_mib} MiB, ${after_mib} MiB`],
      ['resident memory, least, median and most', `${Math.min(...rss)}, ${median(rss)}, ${Math.max(...rss)} MiB`],
    ],
    problems: grown ? [...problems, `live memory grew from ${before_mib} to ${after_mib} MiB`] : problems,
  };
};

/** Calls of clients that left may end a moment later. */
async function settled(rig: Rig): Promise<string[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const left = await rig.router.outstanding();
    if (left.length === 0) return [];
    await delay(50);
  }
  return await rig.router.outstanding();
}
