import { fileURLToPath } from 'node:url';
import { nanosToMicros, randomInt, type Rng, seededRng, utcDay } from '@atp-router/kernel';
import { ADMIN_SECRET } from '../config.ts';
import { makeTempDir, removeDir, RouterProcess } from '../harness.ts';
import { ask } from '../http.ts';
import { booksOf, readJournal } from '../journal.ts';
import { total } from '../metrics.ts';
import { Upstream } from '../upstream/upstream.ts';
import { chargedTo, compare, type Evidence } from './check.ts';
import { killConfig, PARALLEL_MAX } from './config.ts';
import { type Armed, JOURNAL_POINTS, KILL_VARIABLE, type KillPoint, PROJECTION_POINTS } from './points.ts';
import { checkRepeats, repeatable } from './repeats.ts';
import { type ClientRecord, makeClients } from './workload.ts';

/** How often a point is passed before the process dies there. Projections are rare: a few a second. */
const VISITS_MAX = 20;
const PROJECTION_VISITS_MAX = 2;
const HOOKS: readonly string[] = ['--import', fileURLToPath(new URL('./hooks.ts', import.meta.url))];

export interface KillReport {
  readonly seed: number;
  readonly kills: number;
  /** Kills by point; `outside` is a signal from another process in the middle of the traffic. */
  readonly points: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly calls: number;
  readonly interrupted: number;
  /** Calls whose client left. */
  readonly cancelled: number;
  /** Calls with a second attempt beside the first. */
  readonly hedged: number;
  readonly repeats: number;
  readonly problems: readonly string[];
}

type Plan = KillPoint | 'outside' | 'recovery';

/** A short run covers every point once. `recovery` dies a second time, while it settles what the first crash left. */
const PLANS: readonly Plan[] = [...JOURNAL_POINTS, ...PROJECTION_POINTS, 'outside', 'outside', 'outside', 'recovery'];

/** Kills a router under traffic again and again, on one data directory, and compares after each restart. */
export async function runKills(seed: number, kills: number): Promise<KillReport> {
  const dir = makeTempDir();
  const upstream = await Upstream.start(dir, 'durable', 'quiet');
  const rounds = new Rounds(dir, upstream, seededRng(seed));
  try {
    await rounds.restart();
    for (let i = 0; i < kills && rounds.problems.length === 0; i += 1) await rounds.kill(i);
    return rounds.report(seed, kills);
  } finally {
    await rounds.router?.child.kill();
    await upstream.stop();
    removeDir(dir);
  }
}

class Rounds {
  readonly problems: string[] = [];
  router: RouterProcess | undefined;
  readonly #dir: string;
  readonly #upstream: Upstream;
  readonly #rng: Rng;
  readonly #records: ClientRecord[] = [];
  readonly #points: Map<Plan, number> = new Map();
  #plans: Plan[] = [];
  #evidence: Evidence = { log: [], records: [], clients: [] };
  #repeats = 0;

  constructor(dir: string, upstream: Upstream, rng: Rng) {
    this.#dir = dir;
    this.#upstream = upstream;
    this.#rng = rng;
  }

  /** One crash under traffic, the restart, and everything that must hold after it. */
  async kill(round: number): Promise<void> {
    const plan = this.#nextPlan();
    const { router } = this;
    if (router === undefined) throw new Error('no router to kill');
    if (plan !== 'outside' && plan !== 'recovery') await armed(router, this.#visits(plan));
    const records = await this.#traffic(router, round, plan === 'outside' || plan === 'recovery');
    this.#points.set(plan, (this.#points.get(plan) ?? 0) + 1);
    if (plan === 'recovery') await this.#dieAgain();
    await this.restart();
    await this.#check(records);
  }

  async restart(): Promise<void> {
    this.router = await this.#start({});
  }

  report(seed: number, kills: number): KillReport {
    const books = booksOf(this.#evidence.records);
    const ended = [...books.ended.values()];
    const count = (outcome: string): number => ended.filter((call) => call.outcome === outcome).length;
    return {
      seed,
      kills,
      points: Object.fromEntries(this.#points),
      requests: this.#records.length,
      calls: books.opened.size,
      interrupted: count('interrupted'),
      cancelled: count('cancelled'),
      hedged: ended.filter((call) => call.attempts.some((attempt) => attempt.kind === 'hedge')).length,
      repeats: this.#repeats,
      problems: this.problems,
    };
  }

  #start(env: Record<string, string>): Promise<RouterProcess> {
    return RouterProcess.start(this.#dir, killConfig(this.#upstream), { env, node_args: HOOKS });
  }

  #nextPlan(): Plan {
    if (this.#plans.length === 0) {
      const rest = [...PLANS];
      while (rest.length > 0) this.#plans.push(...rest.splice(randomInt(this.#rng, 0, rest.length - 1), 1));
    }
    return this.#plans.pop() ?? 'outside';
  }

  #visits(point: KillPoint): Armed {
    const most = point.startsWith('projection.') ? PROJECTION_VISITS_MAX : VISITS_MAX;
    return { point, visits: randomInt(this.#rng, 1, most) };
  }

  /** Runs clients until the router is dead. From outside it dies once a random number of answers was given. */
  async #traffic(router: RouterProcess, round: number, from_outside: boolean): Promise<ClientRecord[]> {
    const clients = await makeClients(`r${round}`, this.#rng, this.#upstream);
    const enough = randomInt(this.#rng, 3, 60);
    const alive = (): boolean => {
      const answered = clients.flatMap((c) => c.records).filter((r) => r.answer !== undefined).length;
      if (from_outside && answered >= enough) router.child.signal('SIGKILL');
      return router.child.running;
    };
    await Promise.all(clients.map((client) => client.run(router.port, alive)));
    const exit = await router.child.exited;
    if (exit.signal !== 'SIGKILL') this.problems.push(`the router ended by itself: ${router.child.stderr}`);
    const records = clients.flatMap((client) => client.records);
    this.#records.push(...records);
    return records;
  }

  /** The next start dies in the middle of settling, or has nothing to settle and is killed. */
  async #dieAgain(): Promise<void> {
    const points = ['ended.before', 'ended.middle', 'ended.after'] as const;
    const point = points[randomInt(this.#rng, 0, 2)] ?? 'ended.before';
    const env = { [KILL_VARIABLE]: JSON.stringify({ point, visits: 1 } satisfies Armed) };
    const router = await this.#start(env).catch(() => undefined);
    await router?.child.kill();
  }

  async #check(records: readonly ClientRecord[]): Promise<void> {
    const { router } = this;
    if (router === undefined) return;
    const before = this.#interrupted();
    this.#compare(router);
    const cut = this.#interrupted() - before;
    if (cut > PARALLEL_MAX) this.problems.push(`one kill interrupted ${cut} calls, ${PARALLEL_MAX} can run at once`);
    const keyed = repeatable(records);
    this.#repeats += keyed.length;
    this.problems.push(...(await checkRepeats(router.port, booksOf(this.#evidence.records), keyed)));
    this.#compare(router);
    this.problems.push(...(await router.outstanding()).map((what) => `still reserved: ${what}`));
    this.problems.push(...(await this.#sums(router)));
  }

  #compare(router: RouterProcess): void {
    const records = readJournal(router.data_dir);
    this.#evidence = { log: this.#upstream.log(), records, clients: this.#records };
    this.problems.push(...compare(this.#evidence));
  }

  #interrupted(): number {
    const { records } = this.#evidence;
    return records.filter((record) => record.type === 'call.ended' && record.outcome === 'interrupted').length;
  }

  /** Window and tables against the journal: each call charged once, to the day it began on. */
  async #sums(router: RouterProcess): Promise<string[]> {
    const calls = [...booksOf(this.#evidence.records).ended.values()];
    const today = utcDay(Date.now());
    const nanos = chargedTo(today, calls);
    const used = total(await router.metrics(), 'atp_tenant_day_used_usd_micros', { tenant: 'acme' });
    const problems: string[] = [];
    if (used !== nanosToMicros(nanos))
      problems.push(`the day's budget says ${used}, the records ${nanosToMicros(nanos)}`);
    const path = '/admin/v1/usage?group_by=tenant';
    const answer = await ask({ port: router.port, path, method: 'GET', key: ADMIN_SECRET });
    const { data } = (await answer.json()) as { data: { calls: number; cost_usd_micros: number }[] };
    const cost = nanosToMicros(calls.reduce((sum, c) => sum + c.cost_usd_nanos, 0));
    const [row] = data;
    if ((row?.calls ?? 0) !== calls.length)
      problems.push(`the tables hold ${row?.calls} calls, the journal ${calls.length}`);
    if ((row?.cost_usd_micros ?? 0) !== cost)
      problems.push(`the tables say ${row?.cost_usd_micros}, the journal ${cost}`);
    return problems;
  }
}

/** Arms the hooks of a running process; resolves once they are live. */
function armed(router: RouterProcess, arm: Armed): Promise<void> {
  return new Promise((resolve) => {
    router.child.process.once('message', () => resolve());
    router.child.process.send({ arm });
  });
}
