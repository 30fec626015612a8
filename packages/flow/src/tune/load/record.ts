import { isQos } from '@atp-router/kernel';
import { DEFAULT_AIMD } from '../../window/aimd.ts';
import { quantileOf, sorted } from '../replay/meter.ts';
import { type Arrival, type Fleet, LOAD_LIMITS, type Load } from './format.ts';

/** What a load takes from a usage record: a row of the admin API, or a `call.ended` with its `usage` spread into it. */
export interface RecordedCall {
  readonly started_ms: number;
  readonly latency_ms: number;
  readonly ttfb_ms?: number | null | undefined;
  readonly tenant: string;
  readonly qos: string;
  readonly outcome: string;
  readonly in_tokens: number;
  readonly out_tokens: number;
}

export interface RecordOptions {
  readonly about?: string;
  /** Names of tenants stay; otherwise they are t1, t2, … in the order in which they come. */
  readonly keep_names?: boolean;
  /** Default: the p95 of what was recorded. */
  readonly p95_ms?: number;
  /** Calls that the target works on at full speed. Default: as many as were in flight, which may be fewer. */
  readonly knee?: number;
  /** Default: three times the objective. */
  readonly timeout_ms?: number;
  readonly cycle_ms?: number;
}

export interface Recording {
  readonly load: Load;
  /** Records that could not be used. */
  readonly skipped: number;
  /** Calls beyond the limits of a load; the latest ones. */
  readonly cut: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SECOND_MS = 1_000;
const TRAIN_SHARE = 0.6;
/** The speed of a call that has a place to itself is that of the faster quarter; the others shared or waited. */
const UNLOADED = 0.25;

/**
 * Makes a load of usage records. Arrivals are facts. The fleet is an estimate from latencies: how fast it is alone from
 * the faster quarter, its knee from what was in flight, which is a lower bound; whoever knows better edits the header.
 * Undefined when there is no answered call to go by.
 */
export function recordLoad(records: readonly RecordedCall[], options: RecordOptions = {}): Recording | undefined {
  const sound = records.filter(isUsable).toSorted((a, b) => a.started_ms - b.started_ms);
  // 0 + -0 is 0, which JSON has.
  const first_ms = 0 + Math.floor(sound[0]?.started_ms ?? 0);
  const within = sound.filter(({ started_ms }) => started_ms - first_ms < LOAD_LIMITS.duration_ms - 2 * HOUR_MS);
  const calls = within.slice(0, LOAD_LIMITS.arrivals);
  const answered = calls.filter(({ outcome }) => outcome === 'ok');
  if (answered.length === 0) return undefined;
  const arrivals = arrivalsOf(calls, first_ms, options.keep_names ?? false);
  const latencies = sorted(answered.map(({ latency_ms }) => latency_ms));
  const p95_ms = options.p95_ms ?? clamp(quantileOf(latencies, 0.95), 1, HOUR_MS);
  const fleet = fleetOf(calls, answered, p95_ms, options);
  const last_ms = arrivals.at(-1)?.at_ms ?? 0;
  // The last calls have time to be answered.
  const duration_ms = Math.ceil((last_ms + p95_ms) / SECOND_MS + 1) * SECOND_MS;
  const load: Load = {
    about: options.about ?? 'Recorded from usage records. The fleet is an estimate; its knee is what was in flight.',
    duration_ms,
    train_ms: clamp(Math.floor(duration_ms * TRAIN_SHARE), SECOND_MS, duration_ms - SECOND_MS),
    start_ms: first_ms,
    cycle_ms: options.cycle_ms ?? DAY_MS,
    goal: { p95_ms, capacity_tokens_per_s: capacityOf(fleet, arrivals) },
    factors: DEFAULT_AIMD,
    fleet,
    profile: [],
    arrivals,
  };
  return { load, skipped: records.length - sound.length, cut: sound.length - calls.length };
}

/** Tokens per second of a fleet at its knee, for the calls of a load. */
export function capacityOf(fleet: Fleet, arrivals: readonly Arrival[]): number {
  const { servers, knee, fixed_ms, in_us_per_token, out_us_per_token } = fleet;
  let [tokens, work_ms] = [0, 0];
  for (const { in_tokens, out_tokens } of arrivals) {
    tokens += in_tokens + out_tokens;
    work_ms += fixed_ms + (in_tokens * in_us_per_token + out_tokens * out_us_per_token) / 1_000;
  }
  return clamp(Math.round((servers * knee * tokens * 1_000) / Math.max(1, work_ms)), 1, 1e12);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function isUsable({ started_ms, latency_ms, in_tokens, out_tokens, tenant }: RecordedCall): boolean {
  const counts = [in_tokens, out_tokens].every((n) => Number.isSafeInteger(n) && n >= 0 && n <= LOAD_LIMITS.tokens);
  const timed = started_ms >= 0 && started_ms <= Number.MAX_SAFE_INTEGER / 2 && latency_ms >= 0 && latency_ms <= DAY_MS;
  return counts && timed && typeof tenant === 'string' && tenant !== '';
}

function arrivalsOf(calls: readonly RecordedCall[], first_ms: number, keep_names: boolean): Arrival[] {
  const names = new Map<string, string>();
  return calls.map(({ started_ms, tenant, qos, in_tokens, out_tokens }) => {
    const name = names.get(tenant) ?? nameOf(tenant, names.size, keep_names);
    names.set(tenant, name);
    const at_ms = 0 + Math.floor(started_ms - first_ms);
    const tokens = { in_tokens: 0 + in_tokens, out_tokens: 0 + out_tokens };
    return { at_ms, tenant: name, qos: isQos(qos) ? qos : 'silver', ...tokens };
  });
}

/** Tenants beyond the limit of a load are one. */
function nameOf(tenant: string, known: number, keep_names: boolean): string {
  if (known >= LOAD_LIMITS.tenants - 1) return 'others';
  return keep_names ? tenant.slice(0, LOAD_LIMITS.name_chars) : `t${known + 1}`;
}

function fleetOf(
  calls: readonly RecordedCall[],
  answered: readonly RecordedCall[],
  p95_ms: number,
  options: RecordOptions,
): Fleet {
  const heads = answered.flatMap(({ ttfb_ms, latency_ms }) =>
    typeof ttfb_ms === 'number' && ttfb_ms >= 0 && ttfb_ms <= latency_ms ? [ttfb_ms] : [],
  );
  const fixed_ms = clamp(Math.round(quantileOf(sorted(heads), UNLOADED)), 1, HOUR_MS);
  const paces = answered.flatMap(({ latency_ms, out_tokens }) =>
    out_tokens > 0 ? [(Math.max(0, latency_ms - fixed_ms) * 1_000) / out_tokens] : [],
  );
  return {
    servers: 1,
    knee: options.knee ?? clamp(inFlight(calls), 1, LOAD_LIMITS.knee),
    fixed_ms,
    in_us_per_token: 0,
    out_us_per_token: clamp(Math.round(quantileOf(sorted(paces), UNLOADED)), 0, 1e9),
    thrash: 0,
    timeout_ms: options.timeout_ms ?? clamp(Math.ceil(3 * p95_ms), 1, HOUR_MS),
    mark_above: null,
    queue_max: 1_000,
    wait_max_ms: 30_000,
  };
}

/** Calls in flight at the start of a call, the p95 of them. */
function inFlight(calls: readonly RecordedCall[]): number {
  const ends = sorted(calls.map(({ started_ms, latency_ms }) => started_ms + latency_ms));
  let ended = 0;
  const counts = calls.map(({ started_ms }, i) => {
    while ((ends[ended] ?? Number.POSITIVE_INFINITY) <= started_ms) ended += 1;
    // One that ends as it begins is in both lists.
    return Math.max(1, i + 1 - ended);
  });
  return quantileOf(sorted(counts), 0.95);
}
