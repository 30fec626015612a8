import { isQos } from '@atp-router/kernel';
import { type AimdOptions, DEFAULT_AIMD } from '../../window/aimd.ts';
import {
  type Arrival,
  type Fleet,
  type FleetChange,
  LOAD_LIMITS,
  LOAD_VERSION,
  type Load,
  LoadError,
} from './format.ts';
import { Members, membersOf } from './members.ts';

/** What a share of the time before the scored part is, when the header does not say. */
const TRAIN_SHARE = 0.6;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Reads a load, whole or not at all. Throws `LoadError`. */
export function readLoad(text: string): Load {
  if (text.length > LOAD_LIMITS.chars) {
    throw new LoadError(1, `the load has ${text.length} characters; at most ${LOAD_LIMITS.chars} are read. Cut it`);
  }
  const lines = text.split('\n');
  const header = headerOf(membersOf(lines[0] ?? '', 1));
  const arrivals: Arrival[] = [];
  const tenants = new Set<string>();
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line.trim() === '') continue;
    if (arrivals.length === LOAD_LIMITS.arrivals) {
      throw new LoadError(i + 1, `more than ${LOAD_LIMITS.arrivals} calls; cut the load`);
    }
    const arrival = arrivalOf(membersOf(line, i + 1), arrivals.at(-1)?.at_ms ?? 0, header.duration_ms);
    tenants.add(arrival.tenant);
    if (tenants.size > LOAD_LIMITS.tenants) throw new LoadError(i + 1, `more than ${LOAD_LIMITS.tenants} tenants`);
    arrivals.push(arrival);
  }
  if (arrivals.length === 0) throw new LoadError(2, 'there are no calls; expected one on each line after the header');
  return { ...header, arrivals };
}

function headerOf(header: Members): Omit<Load, 'arrivals'> {
  if (header.value('atp_load') !== LOAD_VERSION) throw header.wrong('atp_load', `${LOAD_VERSION}, the version`);
  const about = header.text('about', LOAD_LIMITS.about_chars, '');
  const duration_ms = header.integer('duration_ms', 2_000, LOAD_LIMITS.duration_ms);
  const train_ms = header.integer('train_ms', 1_000, duration_ms - 1_000, Math.floor(duration_ms * TRAIN_SHARE));
  const start_ms = header.integer('start_ms', 0, Number.MAX_SAFE_INTEGER / 2, 0);
  const cycle_ms = header.integer('cycle_ms', 1_000, 7 * DAY_MS, DAY_MS);
  const objective = header.within('objective');
  const goal = {
    p95_ms: objective.number('p95_ms', 1, HOUR_MS),
    capacity_tokens_per_s: objective.number('capacity_tokens_per_s', 0.001, 1e12),
  };
  objective.done();
  const factors = header.value('factors') === undefined ? DEFAULT_AIMD : factorsOf(header.within('factors'));
  const fleet = fleetOf(header.within('fleet'));
  const profile = profileOf(header.list('profile', LOAD_LIMITS.profile), duration_ms);
  header.done();
  return { about, duration_ms, train_ms, start_ms, cycle_ms, goal, factors, fleet, profile };
}

function factorsOf(row: Members): AimdOptions {
  const max = row.integer('max', 1, LOAD_LIMITS.window);
  const factors: AimdOptions = {
    base: row.integer('base', 1, max),
    max,
    increase: row.number('increase', 0.001, 1_000, DEFAULT_AIMD.increase),
    decrease: row.number('decrease', 0.01, 0.99, DEFAULT_AIMD.decrease),
    hold_ms: row.number('hold_ms', 0, HOUR_MS, DEFAULT_AIMD.hold_ms),
    // What has no cap cannot be written as a number in JSON.
    burst_per_s:
      row.value('burst_per_s') === null
        ? Number.POSITIVE_INFINITY
        : row.number('burst_per_s', 1, 1_000_000, DEFAULT_AIMD.burst_per_s),
  };
  row.done();
  return factors;
}

function fleetOf(row: Members): Fleet {
  const fleet: Fleet = {
    servers: row.integer('servers', 1, LOAD_LIMITS.servers),
    knee: row.number('knee', 0.1, LOAD_LIMITS.knee),
    fixed_ms: row.number('fixed_ms', 1, HOUR_MS),
    in_us_per_token: row.number('in_us_per_token', 0, 1e9, 0),
    out_us_per_token: row.number('out_us_per_token', 0, 1e9, 0),
    thrash: row.number('thrash', 0, 100, 0),
    timeout_ms: row.number('timeout_ms', 1, HOUR_MS),
    mark_above: row.value('mark_above') == null ? null : row.number('mark_above', 0.1, 100),
    queue_max: row.integer('queue_max', 0, LOAD_LIMITS.queue, 1_000),
    wait_max_ms: row.number('wait_max_ms', 0, HOUR_MS, 30_000),
  };
  row.done();
  return fleet;
}

function profileOf(changes: readonly unknown[], duration_ms: number): readonly FleetChange[] {
  let after_ms = 0;
  return changes.map((change, i) => {
    const row = new Members(change, 1, `profile[${i}]`);
    const at_ms = row.integer('at_ms', after_ms, duration_ms);
    const servers = row.integer('servers', 0, LOAD_LIMITS.servers);
    row.done();
    after_ms = at_ms;
    return { at_ms, servers };
  });
}

function arrivalOf(row: Members, after_ms: number, duration_ms: number): Arrival {
  const at_ms = row.integer('at_ms', after_ms, duration_ms);
  const tenant = row.text('tenant', LOAD_LIMITS.name_chars);
  const qos = row.value('qos') ?? 'silver';
  if (!isQos(qos)) throw row.wrong('qos', '"gold", "silver" or "bronze"');
  const in_tokens = row.integer('in_tokens', 0, LOAD_LIMITS.tokens);
  const out_tokens = row.integer('out_tokens', 0, LOAD_LIMITS.tokens);
  row.done();
  return { at_ms, tenant, qos, in_tokens, out_tokens };
}
