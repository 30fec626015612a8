import { seededRng } from '@atp-router/kernel';
import { model, provider, type RouterConfig, standardConfig, tenant } from '../config.ts';
import { type Rig, startRig } from '../harness.ts';
import { servedOf } from '../kill/served.ts';
import { textAnswer } from '../upstream/script.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type ChaosCarrier, ChaosClient, type TaskRecord } from './client.ts';
import { ChaosProxy } from './proxy.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly sessions: number;
  /** Tasks of each session, one after the other. */
  readonly tasks: number;
  readonly say?: (line: string) => void;
}

/** What became of the sessions of one carrier. */
export interface CarrierReport {
  readonly sessions: number;
  readonly tasks: number;
  readonly answered: number;
  /** Tasks that were reported as failed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly reconnects: number;
  /** Of plain HTTP: how often cut events were read on behind the last one, within the same connection. */
  readonly reads_on: number;
}

export interface ChaosReport {
  readonly carriers: Readonly<Record<ChaosCarrier, CarrierReport>>;
  /** Connections of TCP, of which a session over plain HTTP has several. */
  readonly connections: number;
  readonly cuts: number;
  readonly delays: number;
  readonly problems: readonly string[];
}

/** Of the sessions one in so many goes over plain HTTP, and is held to the same. */
const ONE_IN_HTTP = 3;
const PIECES = Array.from({ length: 10 }, (_, i) => `<${i}> a piece of the answer `);
const TEXT = PIECES.join('');

/** Sessions over a bad network whose router is killed once and stopped once; then everything is compared. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const rig = await startRig(configOf, {}, ['quiet']);
  const proxy = await ChaosProxy.start(seededRng(options.seed));
  proxy.target_port = rig.router.port;
  try {
    const clients = await drive(options, rig, proxy);
    const outstanding = await rig.router.outstanding();
    await rig.stop();
    return reportOf(clients, rig, proxy, outstanding);
  } finally {
    await proxy.stop();
    await rig.router.child.kill();
    await rig.upstream.stop();
    rig.remove();
  }
}

function configOf(upstream: Upstream): RouterConfig {
  return standardConfig(upstream, {
    providers: [provider(upstream, 'chat', { max_concurrency: 2_000 })],
    models: [model('m-chat', 'chat')],
    tenants: [tenant('acme', { window: { max_parallel: 1_000, max_tokens: 10_000_000 }, at_limit: 'wait' })],
    shutdown: { grace_ms: 20_000 },
  });
}

async function drive(options: ChaosOptions, rig: Rig, proxy: ChaosProxy): Promise<readonly ChaosClient[]> {
  const { sessions, tasks, say } = options;
  const script = await rig.upstream.script({ answer: textAnswer(...PIECES), pace_ms: 5 });
  const progress = new Progress();
  const url = `http://127.0.0.1:${proxy.port}`;
  const clients = Array.from({ length: sessions }, (_, i) => {
    return new ChaosClient(url, `c${i}`, i % ONE_IN_HTTP === 0 ? 'http' : 'websocket', () => progress.one());
  });
  const running = Promise.all(clients.map((client) => client.run(script.mark, tasks)));
  const total = sessions * tasks;
  await progress.reached(Math.floor(total / 3));
  say?.('killed');
  proxy.target_port = undefined;
  await rig.router.child.kill();
  await rig.restart();
  proxy.target_port = rig.router.port;
  await progress.reached(Math.floor((2 * total) / 3));
  say?.('stopped');
  const stopping = rig.router.stop();
  await stopping;
  proxy.target_port = undefined;
  await rig.restart();
  proxy.target_port = rig.router.port;
  await running;
  return clients;
}

/** Counts what is done, and tells who waits for a number. */
class Progress {
  #done = 0;
  readonly #waiting: { readonly count: number; readonly run: () => void }[] = [];

  one(): void {
    this.#done += 1;
    for (const { count, run } of this.#waiting) if (this.#done >= count) run();
  }

  reached(count: number): Promise<void> {
    if (this.#done >= count) return Promise.resolve();
    return new Promise((run) => this.#waiting.push({ count, run }));
  }
}

function reportOf(
  clients: readonly ChaosClient[],
  rig: Rig,
  proxy: ChaosProxy,
  outstanding: readonly string[],
): ChaosReport {
  const { connections, cut, truncate, delay } = proxy.counts;
  const of = (carrier: ChaosCarrier): CarrierReport => carrierReport(clients.filter((one) => one.carrier === carrier));
  return {
    carriers: { websocket: of('websocket'), http: of('http') },
    ...{ connections, cuts: cut + truncate, delays: delay },
    problems: [
      ...outstanding,
      ...problemsOf(
        clients.flatMap(({ tasks }) => tasks),
        rig,
      ),
    ],
  };
}

function carrierReport(clients: readonly ChaosClient[]): CarrierReport {
  const tasks = clients.flatMap((client) => client.tasks);
  const failed: Record<string, number> = {};
  for (const { error } of tasks) if (error !== undefined) failed[error] = (failed[error] ?? 0) + 1;
  return {
    sessions: clients.length,
    tasks: tasks.length,
    answered: tasks.filter(({ error }) => error === undefined).length,
    failed,
    reconnects: clients.reduce((sum, client) => sum + client.reconnects, 0),
    reads_on: clients.reduce((sum, client) => sum + client.reads_on, 0),
  };
}

/** Each task once: at its client, at the upstream and in the books. */
function problemsOf(tasks: readonly TaskRecord[], rig: Rig): readonly string[] {
  const { ended, problems } = rig.router.books();
  const served = servedOf(rig.upstream.log());
  const found = [...problems];
  const ids = new Set<string>();
  for (const task of tasks) {
    const { req, error, finals, final_id, final_text, text } = task;
    const times = served.get(req)?.length ?? 0;
    if (times > 1) found.push(`${req}: the upstream was asked ${times} times`);
    if (error !== undefined) {
      if (finals > 0) found.push(`${req}: has a result, and failed with ${error}`);
      continue;
    }
    if (finals !== 1) found.push(`${req}: ended with ${finals} results`);
    if (final_text !== TEXT || text !== TEXT) found.push(`${req}: the text is not what the upstream wrote: ${text}`);
    if (final_id === undefined || ids.has(final_id)) found.push(`${req}: its id ${final_id ?? ''} is not its own`);
    else if (ended.get(final_id)?.outcome !== 'ok') found.push(`${req}: the journal does not say that it went well`);
    ids.add(final_id ?? '');
  }
  return found;
}
