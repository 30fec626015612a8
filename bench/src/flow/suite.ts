import {
  type Aim,
  bronzeAim,
  floodAim,
  type Found,
  goldAim,
  jainAim,
  lengthsAim,
  throughputAim,
  usedAim,
  waitP99_ms,
} from './aims.ts';
import type { FlowOptions } from './options.ts';
import { atp } from './policies/atp.ts';
import { TOKEN_BUCKETS } from './policies/buckets.ts';
import { FIFO, STRICT_PRIORITY } from './policies/lines.ts';
import type { PolicyKind } from './policies/policy.ts';
import { besideFlood, goldFixed, lengths, mixed, MULTIPLES, type Run, SPIKES, spikes } from './scenarios.ts';
import { simulate } from './simulation.ts';
import {
  floodTable,
  othersOf,
  type Result,
  runTable,
  tenantTable,
  throughputTable,
  tierTable,
  wholeP99_ms,
} from './tables.ts';
import { throughput } from './throughput.ts';
import { syntheticTrace, type Trace } from './traces.ts';
import type { Workload } from './workload.ts';

const ROUTER = atp();
const POLICIES: readonly PolicyKind[] = [ROUTER, FIFO, TOKEN_BUCKETS, STRICT_PRIORITY];
/** Bronze then holds a handful of streams that last for a minute each. */
const SPIKES_NAME = 'spikes';
const SYNTHETIC_CALLS = 20_000;
/** Loads of the tenant that floods: what it behaves with, and ten times that; the same when it is above its part from the start. */
const FLOODS: readonly number[] = [0.1, 1, 0.4, 4];

/** Everything that runs on a virtual clock: its tables, one after the other, and what was reached. */
export class Suite {
  readonly aims: Aim[] = [];
  readonly #options: FlowOptions;
  readonly #print: (text: string) => void;
  /** Runs of the router, for the aims that hold in each. */
  readonly #runs: Found[] = [];

  constructor(options: FlowOptions, print: (text: string) => void) {
    this.#options = options;
    this.#print = print;
  }

  run(traces: readonly Trace[]): void {
    const synthetic = syntheticTrace(this.#options.seed, SYNTHETIC_CALLS);
    const all = traces.length === 0 ? [synthetic] : traces;
    const { parts } = this.#options;
    for (const trace of all) if (parts.includes('replay')) this.#replay(this.#of(trace));
    for (const trace of all) if (parts.includes('gold')) this.#gold(this.#of(trace));
    if (parts.includes('lengths')) this.#lengths(this.#of(synthetic));
    if (parts.includes('flood')) this.#flood(this.#of(synthetic));
    if (parts.includes('spikes')) this.#spikes(this.#of(synthetic));
    if (this.#runs.length > 0) this.aims.push(jainAim(this.#runs), usedAim(this.#runs), bronzeAim(this.#runs));
    if (parts.includes('throughput')) this.#throughput();
  }

  #of(trace: Trace): Run {
    return { trace, length_ms: this.#options.length_ms, seed: this.#options.seed };
  }

  #replay(run: Run): void {
    this.#print(`## ${run.trace.name}: ten tenants, one of them ten times as busy\n`);
    const results = MULTIPLES.map((multiple) =>
      this.#under(POLICIES, `${multiple}×`, run.trace.name, mixed(run, multiple)),
    );
    this.#print(`${tierTable(results.flat())}\n`);
    this.#print(`${runTable(results.flat())}\n`);
    const twice = results[MULTIPLES.indexOf(2)] ?? [];
    this.#print(
      `At 2×, by tenant (p99 of the wait in ms; finished of the tokens asked for):\n\n${tenantTable(twice)}\n`,
    );
  }

  #gold(run: Run): void {
    this.#print(`## ${run.trace.name}: gold asks for 70 % of its reservation\n`);
    const results = MULTIPLES.map((multiple) =>
      this.#under(POLICIES, `${multiple}×`, `${run.trace.name}, gold fixed`, goldFixed(run, multiple)),
    );
    this.#print(`${tierTable(results.flat())}\n`);
    const [low, high] = [results.at(0)?.[0], results.at(-1)?.[0]];
    if (low !== undefined && high !== undefined) this.aims.push(goldAim(run.trace.name, low.meter, high.meter));
  }

  #lengths(run: Run): void {
    this.#print('## Equal tenants that always wait, calls of every other one ten times as long\n');
    const results = this.#under(POLICIES, 'always waiting', 'lengths', lengths(run));
    this.#print(`${tenantTable(results)}\n`);
    this.#print(`${runTable(results)}\n`);
    const [router] = results;
    if (router !== undefined) this.aims.push(lengthsAim(router.meter));
  }

  #flood(run: Run): void {
    this.#print('## Eight tenants at 70 % of the fleet together, beside one that floods\n');
    const results = FLOODS.map((flood) => this.#under(POLICIES, `${flood}×`, 'flood', besideFlood(run, flood)));
    this.#print(`${floodTable(results.flat())}\n`);
    const [calm, ten, busy, forty] = results.map(([router]) => router?.meter);
    if (calm === undefined || ten === undefined || busy === undefined || forty === undefined) return;
    this.aims.push(
      floodAim(
        'the time from arrival to the last token (p99) beside a flood of 10×',
        wholeP99_ms(calm),
        wholeP99_ms(ten),
      ),
      floodAim(
        'the wait alone (p99), the tenant that floods being above its part before, too,',
        waitP99_ms(othersOf(busy)),
        waitP99_ms(othersOf(forty)),
      ),
    );
  }

  #spikes(run: Run): void {
    this.#print("## Preemption: nine tenths of gold's reservation are wanted at one time\n");
    const results = SPIKES.flatMap((kind) =>
      this.#under([ROUTER, STRICT_PRIORITY], kind.name, SPIKES_NAME, spikes(run, kind)),
    );
    this.#print(`${tierTable(results)}\n`);
  }

  #throughput(): void {
    this.#print('## Throughput of the core, one thread\n');
    const rows = throughput(this.#options);
    this.#print(`${throughputTable(rows)}\n`);
    for (const row of rows) {
      if (row.tenants !== 10_000 || row.name !== 'Scheduler') continue;
      const queue = row.queue === 'empty' ? 'no queue' : 'a standing queue';
      this.aims.push(throughputAim(queue, row.operations_per_s, row.operations_per_cpu_s));
    }
  }

  #under(kinds: readonly PolicyKind[], load: string, name: string, workload: Workload): Result[] {
    return kinds.map((kind) => {
      const meter = simulate(kind, workload);
      if (kind === ROUTER) this.#runs.push({ name: `${name} ${load}`, meter, has_means: name !== SPIKES_NAME });
      return { load, policy: kind.name, meter };
    });
  }
}
