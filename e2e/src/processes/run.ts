import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ValkeyServer } from '@atp-router/adapters/testing';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import type { JournalRecord } from '@atp-router/ledger';
import type { RouterConfig } from '../config.ts';
import { makeTempDir, removeDir, RouterProcess } from '../harness.ts';
import { type Books, booksOf, readJournal } from '../journal.ts';
import { compare } from '../kill/check.ts';
import { killConfig } from '../kill/config.ts';
import { checkRepeats, repeatable } from '../kill/repeats.ts';
import { CLIENTS, type ClientRecord, makeClients } from '../kill/workload.ts';
import { Upstream } from '../upstream/upstream.ts';
import { type ChildName, Children } from './children.ts';

const WORKERS = 2;
/** A round makes no more: the budget is there until the end, however long it takes until a process is back. */
const CALLS_OF_A_ROUND = 400;
const NAMES: readonly ChildName[] = ['owner', 'worker:1', 'worker:2'];
/** The server over which limits are shared, where there is one. */
const VALKEY = 'valkey';
/** So long it is away: less than leases last. */
const AWAY_MS = 1_000;
/** Who is refused comes again after so long: an owner among machines is found in seven seconds. */
const REST_MS = 50;

export interface ProcessesReport {
  readonly seed: number;
  /** Kills by process. */
  readonly kills: Readonly<Record<ChildName, number>>;
  readonly requests: number;
  readonly calls: number;
  readonly interrupted: number;
  readonly refused: number;
  readonly repeats: number;
  /** What the day's budget allows, and what was charged to it once it was used up. */
  readonly budget_calls: number;
  readonly charged_calls: number;
  readonly problems: readonly string[];
}

/**
 * Kills workers and the owner of a router under traffic, one after the other, and compares after each: what the upstream
 * logged, what all journals say, what each client was told. At the end the day's budget of calls is used up to the last one.
 */
export async function runProcessKills(
  seed: number,
  kills: number,
  valkey?: ValkeyServer,
  calls_of_a_round: number = CALLS_OF_A_ROUND,
): Promise<ProcessesReport> {
  const dir = makeTempDir();
  const upstream = await Upstream.start(dir, 'durable', 'quiet');
  const budget_calls = calls_of_a_round * (kills + 1);
  const router = await RouterProcess.start(dir, configOf(upstream, budget_calls, valkey));
  const run = new Run(router, upstream, seededRng(seed), valkey, calls_of_a_round);
  try {
    await run.children.ready(NAMES);
    for (let i = 0; i < kills && run.problems.length === 0; i += 1) await run.kill(i);
    if (run.problems.length === 0) await run.useUp(budget_calls);
    return run.report(seed, budget_calls);
  } finally {
    await router.stop();
    await upstream.stop();
    removeDir(dir);
  }
}

function configOf(upstream: Upstream, calls_per_day: number, valkey: ValkeyServer | undefined): RouterConfig {
  return {
    ...killConfig(upstream, { budget: { calls_per_day } }),
    workers: WORKERS,
    ...(valkey && { cluster: { type: 'valkey', url: valkey.url() } }),
    telemetry: { log_level: 'info' },
  };
}

class Run {
  readonly problems: string[] = [];
  readonly children: Children;
  readonly #router: RouterProcess;
  readonly #upstream: Upstream;
  readonly #rng: Rng;
  readonly #records: ClientRecord[] = [];
  readonly #kills: Map<ChildName, number> = new Map();
  readonly #calls_of_a_round: number;
  readonly #valkey: ValkeyServer | undefined;
  #repeats = 0;

  constructor(
    router: RouterProcess,
    upstream: Upstream,
    rng: Rng,
    valkey: ValkeyServer | undefined,
    calls_of_a_round: number,
  ) {
    this.#calls_of_a_round = calls_of_a_round;
    this.#valkey = valkey;
    this.#router = router;
    this.#upstream = upstream;
    this.#rng = rng;
    this.children = new Children(router.child);
  }

  /** One process dies under traffic, which goes on at the others, and everything holds once there is another in its place. */
  async kill(round: number): Promise<void> {
    const victims = this.#valkey === undefined ? NAMES : [VALKEY, ...NAMES];
    const victim = victims[round % victims.length] ?? 'owner';
    const before = randomInt(this.#rng, 3, 20);
    const after = before + randomInt(this.#rng, 3, 20);
    let replaced: Promise<void> | undefined;
    let is_back = false;
    const records = await this.#traffic(`r${round}`, (answered, so_far) => {
      if (answered >= before && replaced === undefined && this.#isBusy(victim)) {
        this.#kills.set(victim, (this.#kills.get(victim) ?? 0) + 1);
        replaced = this.#replaced(victim).then(() => {
          is_back = true;
        });
      }
      return (answered < after || !is_back) && so_far.length < this.#calls_of_a_round - CLIENTS;
    });
    await replaced;
    const keyed = repeatable(records);
    this.#repeats += keyed.length;
    this.#compare();
    this.problems.push(...(await checkRepeats(this.#router.port, this.#books(), keyed)));
    this.#compare();
  }

  /** A worker is killed while calls run in it: in a moment without any, nothing would be shown. */
  #isBusy(victim: string): boolean {
    const worker = /^worker:(\d+)$/.exec(victim)?.[1];
    if (worker === undefined) return true;
    const { opened, ended } = booksOf(readJournal(join(this.#router.data_dir, 'workers', worker)));
    return ended.size < opened.size;
  }

  /** Kills it. Resolves when there is another one. */
  async #replaced(victim: ChildName): Promise<void> {
    if (victim !== VALKEY || this.#valkey === undefined) {
      this.children.kill(victim);
      return this.children.ready(NAMES);
    }
    await this.#valkey.halt();
    await delay(AWAY_MS);
    return this.#valkey.resume();
  }

  /** Until each client is told that there is no budget left. */
  async useUp(budget_calls: number): Promise<void> {
    const over = (records: readonly ClientRecord[]): number => records.filter(({ refused }) => refused === 429).length;
    const records: ClientRecord[] = await this.#traffic('last', (_, so_far) => over(so_far) < CLIENTS);
    this.#compare();
    const charged = this.#books().ended.size;
    if (over(records) < CLIENTS) this.problems.push('the budget does not end');
    if (charged !== budget_calls) this.problems.push(`${charged} calls were charged to a budget of ${budget_calls}`);
  }

  report(seed: number, budget_calls: number): ProcessesReport {
    const books = this.#books();
    const ended = [...books.ended.values()];
    return {
      seed,
      kills: Object.fromEntries(this.#kills),
      requests: this.#records.length,
      calls: books.opened.size,
      interrupted: ended.filter(({ outcome }) => outcome === 'interrupted').length,
      refused: this.#records.filter(({ refused }) => refused !== undefined).length,
      repeats: this.#repeats,
      budget_calls,
      charged_calls: ended.length,
      problems: this.problems,
    };
  }

  async #traffic(
    name: string,
    goesOn: (answered: number, records: readonly ClientRecord[]) => boolean,
  ): Promise<ClientRecord[]> {
    const clients = await makeClients(name, this.#rng, this.#upstream);
    const sent = (): ClientRecord[] => clients.flatMap((client) => client.records);
    const alive = (): boolean => {
      const records = sent();
      return goesOn(records.filter(({ answer }) => answer !== undefined).length, records);
    };
    await Promise.all(clients.map((client) => client.run(this.#router.port, alive, this.#valkey && REST_MS)));
    const records = sent();
    this.#records.push(...records);
    return records;
  }

  #compare(): void {
    const evidence = { log: this.#upstream.log(), records: this.#journals(), clients: this.#records };
    this.problems.push(...compare({ ...evidence, may_lack_owner: this.#valkey !== undefined }));
  }

  #books(): Books {
    return booksOf(this.#journals());
  }

  /** Of all processes; each has its own, and its calls are in no other. */
  #journals(): JournalRecord[] {
    const { data_dir } = this.#router;
    const workers = Array.from({ length: WORKERS }, (_, i) => join(data_dir, 'workers', String(i + 1)));
    return [data_dir, ...workers].filter((dir) => existsSync(join(dir, 'journal'))).flatMap(readJournal);
  }
}
