import { seededRng } from '@atp-router/kernel';
import {
  type LearnerKind,
  type Observed,
  rankModels,
  Registry,
  type RequestFacts,
  TermReader,
} from '@atp-router/routing';
import { AT, candidatesOf, played, Prompts, questionOf, taught } from './world.ts';

export interface Timed {
  readonly name: string;
  /** Microseconds of one, over all rounds. */
  readonly p50_us: number;
  readonly p99_us: number;
  /** The same of the quicker of two on the same prompt, which others on the machine hardly move; undefined: it cannot be done twice. */
  readonly undisturbed_us: number | undefined;
  /** How many a second of one core, by the median. */
  readonly per_second: number;
}

const PROMPTS_EACH = 50;
/** So many that topics are settled. */
const TAUGHT = 4_200;
/** Rounds that are not counted: code is compiled while they run. */
const WARM_UP = 5;

/** Each part of a decision on the same prompts, one right after the other, so that a disturbance hits all alike. */
export function measureTimes(count: number, rounds: number, kinds: readonly LearnerKind[]): readonly Timed[] {
  const candidates = candidatesOf(count);
  const prompts = new Prompts(count);
  const learners = kinds.map((kind) => [kind, taught(kind, TAUGHT, candidates, prompts)] as const);
  const reader = new TermReader();
  const rank = ranking(count);
  const rng = seededRng(3);
  const times = new Map<string, Row>();
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (let i = 0; i < PROMPTS_EACH; i += 1) {
      const text = prompts.next();
      const question = questionOf(text, candidates);
      const note = round < 0 ? () => {} : (name: string, ...us: readonly number[]) => add(times, name, us);
      note('words alone', timed(() => reader.read(text)).us, timed(() => reader.read(text)).us);
      note('static score', timed(rank).us, timed(rank).us);
      for (const [kind, learner] of learners) {
        const [first, second] = [timed(() => learner.decide(question)), timed(() => learner.decide(question))];
        note(`decide, ${kind}`, first.us, second.us);
        const { record, right } = played(second.value, rng);
        note(`observe, ${kind}`, timed(() => learner.observe(record, AT)).us);
        note(`learn, ${kind}`, timed(() => learner.learn(record, right, AT)).us);
      }
    }
  }
  return [...times].map(([name, { all, quicker }]) => {
    const [p50_us, p99_us] = [quantile(all, 0.5), quantile(all, 0.99)];
    const undisturbed_us = quicker.length === 0 ? undefined : quantile(quicker, 0.99);
    return { name, p50_us, p99_us, undisturbed_us, per_second: 1e6 / p50_us };
  });
}

interface Row {
  readonly all: number[];
  readonly quicker: number[];
}

function add(times: Map<string, Row>, name: string, us: readonly number[]): void {
  const row = times.get(name) ?? { all: [], quicker: [] };
  times.set(name, row);
  row.all.push(...us);
  if (us.length > 1) row.quicker.push(Math.min(...us));
}

function timed<T>(run: () => T): { readonly value: T; readonly us: number } {
  const from = performance.now();
  const value = run();
  return { value, us: (performance.now() - from) * 1_000 };
}

function quantile(us: readonly number[], part: number): number {
  const sorted = us.toSorted((a, b) => a - b);
  return sorted[Math.floor(part * sorted.length)] ?? Number.NaN;
}

/** What `auto` does without a learner, on as many models. */
function ranking(count: number): () => unknown {
  const models = candidatesOf(count).map(({ id, out_usd_per_token }, i) => ({
    ...{ id, provider_id: 'up', upstream_model: id, context: 100_000 + i, capabilities: new Set(['chat'] as const) },
    price: priceOf(out_usd_per_token),
    ...{ safety_grade: 'A' as const, status: 'active' as const },
  }));
  const registry = new Registry({ providers: [{ id: 'up', any_model: false }], models });
  const facts: RequestFacts = {
    ...{
      tenant: { id: AT.tenant },
      qos: 'silver',
      needs: ['chat'],
      in_tokens: 2_000,
      out_tokens: 250,
      data_scopes: [],
    },
  };
  const observed: Observed = {
    ...{ successRate: () => 0.9, p95_ms: () => 1_000, mape: () => 0.2, underRate: () => 0.1 },
  };
  return () => rankModels(registry.models, facts, observed, 0);
}

function priceOf(out_usd_per_token: number) {
  const out = Math.round(out_usd_per_token * 1e12);
  return {
    in_usd_micros_per_mtok: Math.round(out / 4),
    out_usd_micros_per_mtok: out,
    cached_in_usd_micros_per_mtok: Math.round(out / 4),
    cache_write_usd_micros_per_mtok: Math.round(out / 4),
    reasoning_usd_micros_per_mtok: out,
    per_request_usd_nanos: 0,
  };
}
