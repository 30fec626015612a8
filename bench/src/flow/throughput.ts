import { AccountLedger, type FlowDemand, Scheduler, type Ticket } from '@atp-router/flow';
import { seededRng } from '@atp-router/kernel';
import { median } from '../stats.ts';

/** Admits a demand and completes another one: two operations. */
interface Subject {
  readonly name: string;
  /** So many pairs, one after the other. */
  run(pairs: number): void;
}

export interface ThroughputRow {
  readonly tenants: number;
  readonly queue: 'empty' | 'standing';
  readonly name: string;
  /** Admissions and completions per second: of time, and of processor time (which has the collector's threads, too). */
  readonly operations_per_s: number;
  readonly operations_per_cpu_s: number;
  /** Time as a multiple of the baseline's, in the same round. */
  readonly ratio: number;
}

export interface ThroughputOptions {
  readonly rounds: number;
  readonly tenants: readonly number[];
}

const RUNNING = 64;
/** Demands that wait all the time where a queue stands. */
const STANDING = 10_000;
const PAIRS_OF_SLICE = 2_000;
const WARM_UP_ROUNDS = 15;
const WALL_MS = 1_800_000_000_000;
/** A thousand calls a second are many; a standing queue of ten thousand then waits for ten seconds. */
const PAIR_MS = 1;
const TOKENS = 1_000;

export function throughput({ rounds, tenants }: ThroughputOptions): ThroughputRow[] {
  return tenants.flatMap((count) =>
    (['empty', 'standing'] as const).flatMap((queue) => {
      const subjects = [counters(count, queue), scheduler(count, queue)];
      return measure(subjects, rounds).map((row) => ({ tenants: count, queue, ...row }));
    }),
  );
}

type Measured = Omit<ThroughputRow, 'tenants' | 'queue'>;

function measure(subjects: readonly Subject[], rounds: number): Measured[] {
  const times = subjects.map(() => ({ ns: [] as number[], cpu_us: [] as number[] }));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const [i, subject] of subjects.entries()) {
      const cpu = process.cpuUsage();
      const started = process.hrtime.bigint();
      subject.run(PAIRS_OF_SLICE);
      const ns = Number(process.hrtime.bigint() - started);
      const { user, system } = process.cpuUsage(cpu);
      if (round < 0) continue;
      times[i]?.ns.push(ns);
      times[i]?.cpu_us.push(user + system);
    }
  }
  const [base] = times;
  return subjects.map(({ name }, i) => {
    const { ns = [], cpu_us = [] } = times[i] ?? {};
    return {
      name,
      operations_per_s: (2 * PAIRS_OF_SLICE * 1e9) / median(ns),
      operations_per_cpu_s: (2 * PAIRS_OF_SLICE * 1e6) / median(cpu_us),
      ratio: median(ns.map((one, round) => one / (base?.ns[round] ?? Number.NaN))),
    };
  });
}

/** Names and accounts of tenants, made once as a router does; and in which order they ask. */
function tenantsOf(count: number): { readonly next: () => number; readonly accounts: readonly (readonly string[])[] } {
  const rng = seededRng(count);
  const accounts = Array.from({ length: count }, (_one, i) => ['global', `tenant-${i}`, `tenant-${i}/key`]);
  const order = Array.from({ length: 65_536 }, () => Math.floor(rng.next() * count));
  let at = 0;
  const next = (): number => {
    at = (at + 1) & 65_535;
    return order[at] as number;
  };
  return { next, accounts };
}

/** The scheduler as a router drives it: a demand of two parts on five accounts, which are settled one by one. */
function scheduler(count: number, queue: 'empty' | 'standing'): Subject {
  const { next, accounts } = tenantsOf(count);
  const ledger = new AccountLedger(2 * count + 10);
  for (const [, tenant = '', key = ''] of accounts) {
    ledger.setLimits(tenant, { max_parallel: 100_000, tokens_per_day: Number.MAX_SAFE_INTEGER });
    ledger.setLimits(key, { max_parallel: 100_000 });
  }
  const provider = ['provider', 'provider/model'];
  ledger.setLimits('provider', queue === 'standing' ? { max_parallel: RUNNING } : { max_parallel: 100_000 });
  const waiting = 2 * STANDING;
  const core = new Scheduler<number>(ledger, { waiting, waiting_per_account: waiting });
  const now = { now_ms: WALL_MS, mono_ms: 0 };
  const running: Ticket<number>[] = [];
  const amounts = { calls: 1, tokens: TOKENS, usd_nanos: 1_000 };
  const actual = { calls: 1, tokens: TOKENS + 100, usd_nanos: 900 };
  const demandOf = (tenant: number): FlowDemand<number> => {
    const own = accounts[tenant] as readonly string[];
    return {
      owner: tenant,
      key: {
        qos: 'silver',
        tenant: own[1] as string,
        weight: 1,
        session: 's',
        tokens: TOKENS,
        deadline_mono_ms: now.mono_ms + 1e9,
      },
      parts: [
        { kind: 'reserve', accounts: own, amounts, wait_ms: 1e9 },
        { kind: 'reserve', accounts: provider, amounts, wait_ms: 1e9 },
      ],
      is_preemptible: true,
    };
  };
  const ask = (): void => {
    const { ticket } = core.request(demandOf(next()), now);
    if (ticket.state.kind === 'granted') running.push(ticket);
  };
  for (let i = 0; i < RUNNING + (queue === 'standing' ? STANDING : 0); i += 1) ask();
  let at = 0;
  return {
    name: 'Scheduler',
    run: (pairs) => {
      for (let i = 0; i < pairs; i += 1) {
        now.mono_ms += PAIR_MS;
        at = (at + 1) % RUNNING;
        const ticket = running[at] as Ticket<number>;
        const first = core.settle(ticket, 1, actual, now);
        const second = core.settle(ticket, 0, actual, now);
        const { ticket: asked } = core.request(demandOf(next()), now);
        const granted = first.decided[0] ?? second.decided[0] ?? asked;
        if (granted.state.kind !== 'granted') throw new Error('nobody was granted what had ended');
        running[at] = granted;
      }
    },
  };
}

/** What one would write first: a counter for each tenant, one for the provider, and a line. */
function counters(count: number, queue: 'empty' | 'standing'): Subject {
  const { next, accounts } = tenantsOf(count);
  const running_of = new Map<string, number>();
  const most = queue === 'standing' ? RUNNING : 100_000;
  let out = 0;
  let line: string[] = [];
  let head = 0;
  const running: string[] = [];
  const begin = (tenant: string): void => {
    running_of.set(tenant, (running_of.get(tenant) ?? 0) + 1);
    out += 1;
  };
  const ask = (): string | undefined => {
    const tenant = accounts[next()]?.[1] as string;
    if (out < most && head === line.length) {
      begin(tenant);
      return tenant;
    }
    line.push(tenant);
    return undefined;
  };
  const end = (tenant: string): string | undefined => {
    running_of.set(tenant, (running_of.get(tenant) as number) - 1);
    out -= 1;
    const first = line[head];
    if (first === undefined) return undefined;
    head += 1;
    if (head === STANDING) [line, head] = [line.slice(head), 0];
    begin(first);
    return first;
  };
  for (let i = 0; i < RUNNING + (queue === 'standing' ? STANDING : 0); i += 1) {
    const tenant = ask();
    if (tenant !== undefined) running.push(tenant);
  }
  let at = 0;
  return {
    name: 'Map and array',
    run: (pairs) => {
      for (let i = 0; i < pairs; i += 1) {
        at = (at + 1) % RUNNING;
        const granted = end(running[at] as string);
        running[at] = (ask() ?? granted) as string;
      }
    },
  };
}
