import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LinkPeer, type LinkServer, listenForLinks, systemClock, systemTimers } from '@atp-router/adapters';
import { migrate, openSqlite, type SqlDriver, sqlIdempotencyStore } from '@atp-router/adapters/sql';
import { isWorkerMessage, type OwnerMessage } from '@atp-router/flow';
import { AtpError, Complaints, type Timer } from '@atp-router/kernel';
import type { IdempotencyStore } from '@atp-router/ledger';
import type { Gate } from '../engine/gate.ts';
import type { Relay } from '../engine/parts.ts';
import type { RouterOptions } from '../options.ts';
import { type AgentsChange, isAgentsChange } from './agents/changes.ts';
import { OwnerAgents } from './agents/owner-agents.ts';
import { AskedWorkers } from './asked-workers.ts';
import type { ClusterView } from './cluster/view.ts';
import { answerClaims, withArchive } from './claims.ts';
import type { MemberCore, Membership } from './membership.ts';
import { OwnerWindows } from './owner-windows.ts';
import { OpenLimits } from './open-limits.ts';
import type { OwnerParts } from './join-parts.ts';
import type { Answers } from './other-processes.ts';
import { baseName, ownerSockets, type Seat, workerName } from './seat.ts';
import { isWorkerHello, KIND, type SharedView, type WorkerHello } from './shared-view.ts';
import { isCeilingChange, isCeilingsView, isEventBatch, isNothing, isSignals, type Take, taking } from './told.ts';

/** Expired keys are removed so often, and so many at a time. */
const SWEEP_MS = 30_000;
const SWEPT_AT_ONCE = 10_000;

type Peer = LinkPeer & { close(): void };

interface Worker {
  readonly hello: WorkerHello;
  readonly peer: Peer;
}

/** The process that holds limits, switches and keys for its workers. */
export class OwnerMember implements Membership {
  readonly base: Membership['base'];
  readonly overlay: Membership['overlay'];
  readonly kills: Membership['kills'];
  readonly relay: Relay;
  readonly owner: undefined = undefined;
  readonly others: AskedWorkers = new AskedWorkers(() => this.#workers.values());
  readonly gate: (starts: unknown) => Gate;
  readonly #options: RouterOptions;
  readonly #seat: Seat;
  readonly #driver: SqlDriver;
  readonly #claims: IdempotencyStore;
  readonly #limits: OpenLimits;
  readonly #workers: Map<string, Worker> = new Map();
  /** All that were ever set: as many as operators made. */
  readonly #kills: Map<string, SharedView['kills'][number]> = new Map();
  readonly #agents: OwnerAgents = new OwnerAgents(() => this.#peers());
  /** What workers of this machine say, by kind, and what those of others do beside credit. */
  readonly #takes: Readonly<Record<string, Take<Worker>>>;
  readonly #takes_far: Readonly<Record<string, Take<string>>>;
  readonly #announced: Take<undefined> = taking(isCeilingsView, (_, view) => this.#windows?.follow(view));
  readonly #refused: Complaints = new Complaints(systemClock, (problem) => {
    this.#options.onProblem?.('workers', problem);
  });
  #answers: Answers | undefined;
  #core: MemberCore | undefined;
  #windows: OwnerWindows | undefined;
  #server: LinkServer | undefined;
  #sweep: Timer | undefined;

  private constructor(parts: OwnerParts, driver: SqlDriver) {
    const { options, seat, ledger } = parts;
    this.#options = options;
    this.#seat = seat;
    this.#driver = driver;
    this.base = seat.config;
    this.overlay = ledger.start.entities;
    this.kills = ledger.start.kills;
    for (const { scope, id, reason } of this.kills) this.#kills.set(`${scope} ${id}`, { scope, id, reason, on: true });
    this.#claims = withArchive(sqlIdempotencyStore(driver, systemClock), ledger.claims);
    this.#limits = new OpenLimits(parts, {
      deliver: (message) => this.#deliver(message),
      told: (worker, kind, body) => this.#toldFar(worker, kind, body),
      gone: (worker) => this.#windows?.forget(worker),
      entered: (worker) => this.#windows?.enter(worker),
      announced: (kind, body) => kind === KIND.ceilings && this.#announced(undefined, body),
      led: () => this.#windows?.lead(),
      forgotten: () => this.#windows?.forgotten(),
    });
    this.gate = () => this.#limits.limits.gate;
    this.relay = {
      signal: (signal) => this.#windows?.signal(signal),
      ceiling: (account, reason) => this.#windows?.changed(account, reason),
    };
    const nameOf = ({ hello }: Worker): string => workerName(seat, hello.n);
    this.#takes = {
      [KIND.credit]: taking(isWorkerMessage, (_worker, message) => this.#limits.limits.receive(message)),
      [KIND.signals]: taking(isSignals, (worker, signals) => this.#windows?.signals(nameOf(worker), signals)),
      [KIND.ceiling]: taking(isCeilingChange, (worker, change) => this.#windows?.ceiling(nameOf(worker), change)),
      [KIND.agents]: taking(isAgentsChange, (worker, change) => this.#tellAgents(worker, change)),
      [KIND.events]: taking(isEventBatch, (worker, batch) => this.others.take(worker, batch)),
    };
    this.#takes_far = {
      [KIND.signals]: taking(isSignals, (worker, signals) => this.#windows?.signals(worker, signals)),
      [KIND.ceiling]: taking(isCeilingChange, (worker, change) => this.#windows?.ceiling(worker, change)),
      [KIND.ceilings]: taking(isNothing, (worker) => this.#windows?.enter(worker)),
      [KIND.gone]: taking(isNothing, (worker) => this.#windows?.forget(worker)),
    };
  }

  static async open(parts: OwnerParts): Promise<OwnerMember> {
    const { seat } = parts;
    mkdirSync(dirname(ownerSockets(seat.shared_dir).links), { recursive: true, mode: 0o700 });
    // Only this process writes there: it never waits for tables that others fill.
    const driver = openSqlite(join(seat.shared_dir, 'claims.sqlite'));
    await migrate(driver);
    return new OwnerMember(parts, driver);
  }

  cluster(): ClusterView | undefined {
    return this.#limits.cluster?.view();
  }

  keys(): undefined {
    return undefined;
  }

  answer(answers: Answers): void {
    this.#answers = answers;
  }

  async attach(core: MemberCore): Promise<void> {
    this.#core = core;
    this.#windows = new OwnerWindows({
      ...{ engine: core.engine, cluster: this.#limits.cluster, base: baseName(this.#seat) },
      tellWorkers: (view) => {
        for (const { peer } of this.#workers.values()) peer.send(KIND.ceilings, view);
      },
    });
    core.agents.join(this.#agents);
    this.#limits.start();
    core.bus.listen((event) => {
      if (event.type === 'kill.set') this.#kills.set(`${event.scope} ${event.id}`, event);
      if (event.type === 'config.applied' || event.type === 'kill.set') this.#share();
    });
    this.#server = await listenForLinks({
      ...{ path: ownerSockets(this.#seat.shared_dir).links, version: this.#options.version },
      ...{
        timers: systemTimers,
        clock: systemClock,
        onProblem: (problem) => this.#options.onProblem?.('workers', problem),
      },
      onPeer: (peer, hello) => this.#enter(peer, hello),
    });
    this.#sweepLater();
  }

  async leave(): Promise<void> {
    this.#sweep?.cancel();
    this.#windows?.close();
    await this.#server?.close();
    await this.#limits.close();
    await this.#driver.close();
  }

  #enter(peer: Peer, hello: unknown): ReturnType<Parameters<typeof listenForLinks>[0]['onPeer']> {
    if (!isWorkerHello(hello)) return { refuse: 'It does not say which worker it is.' };
    const name = workerName(this.#seat, hello.n);
    const before = this.#workers.get(name);
    if (before !== undefined && before.hello.incarnation > hello.incarnation)
      return { refuse: `A later start of worker ${hello.n} is here already.` };
    const worker: Worker = { hello, peer };
    this.#workers.set(name, worker);
    before?.peer.close();
    // What an earlier link said of it is said anew.
    this.#windows?.forget(name);
    const view = this.#view();
    if (view !== undefined) peer.send(KIND.view, view);
    this.others.entered(worker);
    return {
      onMessage: (kind, body) => this.#take(worker, kind, body),
      onQuestion: (kind, body) => this.#answer(kind, body),
      onDown: () => {
        if (this.#workers.get(name) !== worker) return;
        this.#workers.delete(name);
        this.#windows?.gone(name);
        this.#agents.forget(hello.n);
      },
    };
  }

  #take(worker: Worker, kind: string, body: unknown): void {
    const take = Object.hasOwn(this.#takes, kind) ? this.#takes[kind] : undefined;
    if (take?.(worker, body) !== true) this.#refuse(`Worker ${worker.hello.n}`, kind);
  }

  async #answer(kind: string, body: unknown): Promise<unknown> {
    const answer = answerClaims(this.#claims, kind, body) ?? this.#answers?.get(kind)?.(body);
    if (answer === undefined) throw new AtpError('not_found', `There is no question "${kind.slice(0, 40)}".`);
    return answer;
  }

  /** A worker of another machine says something. */
  #toldFar(worker: string, kind: string, body: unknown): void {
    const take = Object.hasOwn(this.#takes_far, kind) ? this.#takes_far[kind] : undefined;
    if (take?.(worker, body) !== true) this.#refuse(`Worker ${worker.slice(0, 100)} of another machine`, kind);
  }

  #refuse(who: string, kind: string): void {
    this.#refused.about(`${who} sent something that is not understood here (${kind.slice(0, 40)}). It was left out.`);
  }

  #deliver(message: OwnerMessage): void {
    this.#workers.get(message.worker)?.peer.send(KIND.credit, message);
  }

  /** Who tells of all its agents has begun to listen, and knows nothing else yet. */
  #tellAgents({ hello, peer }: Worker, change: AgentsChange): void {
    this.#agents.tell(hello.n, change);
    if (!change.is_all) return;
    peer.send(KIND.ceilings, this.#windows?.all() ?? { is_all: true, changes: [] });
  }

  #peers(): ReadonlyMap<number, Peer> {
    return new Map([...this.#workers.values()].map(({ hello, peer }) => [hello.n, peer]));
  }

  #share(): void {
    const view = this.#view();
    if (view === undefined) return;
    for (const { peer } of this.#workers.values()) peer.send(KIND.view, view);
  }

  #view(): SharedView | undefined {
    if (this.#core === undefined) return undefined;
    const { manager } = this.#core;
    const kills = [...this.#kills.values()].map(({ scope, id, reason, on }) => ({ scope, id, reason, on }));
    return { base: manager.file_config, overlay: manager.overlay, kills };
  }

  #sweepLater(): void {
    this.#sweep = systemTimers.after(SWEEP_MS, () => {
      const failed = (error: unknown): void => this.#problem('Expired idempotency keys could not be removed.', error);
      void this.#claims.forgetExpired(SWEPT_AT_ONCE).catch(failed);
      this.#sweepLater();
    });
  }

  #problem(words: string, cause?: unknown): void {
    this.#options.onProblem?.('workers', new AtpError('internal_error', words, { cause }));
  }
}
