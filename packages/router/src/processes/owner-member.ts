import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type LinkPeer, type LinkServer, listenForLinks, systemClock, systemTimers } from '@atp-router/adapters';
import { migrate, openSqlite, type SqlDriver, sqlIdempotencyStore } from '@atp-router/adapters/sql';
import { isWorkerMessage, type OwnerMessage } from '@atp-router/flow';
import { AtpError, Complaints, type Timer } from '@atp-router/kernel';
import type { IdempotencyStore } from '@atp-router/ledger';
import type { Engine } from '../engine/engine.ts';
import type { Gate } from '../engine/gate.ts';
import type { Relay } from '../engine/parts.ts';
import type { Signal } from '../engine/target-windows.ts';
import type { RouterOptions } from '../options.ts';
import { type AgentsChange, isAgentsChange } from './agents/changes.ts';
import { OwnerAgents } from './agents/owner-agents.ts';
import { CeilingsTold } from './ceilings-told.ts';
import { AskedWorkers } from './asked-workers.ts';
import type { ClusterView } from './cluster/view.ts';
import { answerClaims, withArchive } from './claims.ts';
import type { MemberCore, Membership } from './membership.ts';
import { OwnerCeilings } from './owner-ceilings.ts';
import { OpenLimits } from './open-limits.ts';
import type { OwnerParts } from './join-parts.ts';
import type { Answers } from './other-processes.ts';
import { ownerSockets, type Seat, workerName } from './seat.ts';
import { type CeilingChange, isWorkerHello, KIND, type SharedView, type WorkerHello } from './shared-view.ts';
import { isCeilingChange, isEventBatch, isNothing, isSignals, type Take, taking } from './told.ts';
import type { CeilingsView } from './worker-ceilings.ts';

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
  readonly #refused: Complaints = new Complaints(systemClock, (problem) => {
    this.#options.onProblem?.('workers', problem);
  });
  #answers: Answers | undefined;
  #core: MemberCore | undefined;
  #ceilings: OwnerCeilings | undefined;
  #told: CeilingsTold | undefined;
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
      gone: (worker) => this.#ceilings?.forget(worker),
      forgotten: () => this.#tellOthers(),
    });
    this.gate = () => this.#limits.limits.gate;
    this.relay = {
      signal: (signal) => this.#engine?.windows.take(signal),
      ceiling: (account, reason) => this.#told?.changed(account, reason),
    };
    const nameOf = ({ hello }: Worker): string => workerName(seat, hello.n);
    this.#takes = {
      [KIND.credit]: taking(isWorkerMessage, (_worker, message) => this.#limits.limits.receive(message)),
      [KIND.signals]: taking(isSignals, (worker, signals) => this.#signals(nameOf(worker), signals)),
      [KIND.ceiling]: taking(isCeilingChange, (worker, change) => this.#ceiling(nameOf(worker), change)),
      [KIND.agents]: taking(isAgentsChange, (worker, change) => this.#tellAgents(worker, change)),
      [KIND.events]: taking(isEventBatch, (worker, batch) => this.others.take(worker, batch)),
    };
    this.#takes_far = {
      [KIND.signals]: taking(isSignals, (worker, signals) => this.#signals(worker, signals)),
      [KIND.ceiling]: taking(isCeilingChange, (worker, change) => this.#ceiling(worker, change)),
      [KIND.gone]: taking(isNothing, (worker) => this.#ceilings?.forget(worker)),
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
    const { ceilings } = core.engine;
    this.#ceilings = new OwnerCeilings(ceilings);
    this.#told = new CeilingsTold(systemTimers, ceilings, (changes) => this.#tellCeilings(changes));
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
    this.#told?.close();
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
    this.#ceilings?.forget(name);
    const view = this.#view();
    if (view !== undefined) peer.send(KIND.view, view);
    this.others.entered(worker);
    return {
      onMessage: (kind, body) => this.#take(worker, kind, body),
      onQuestion: (kind, body) => this.#answer(kind, body),
      onDown: () => {
        if (this.#workers.get(name) !== worker) return;
        this.#workers.delete(name);
        this.#ceilings?.forget(name);
        this.#limits.cluster?.tell(name, KIND.gone, null);
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

  get #engine(): Engine | undefined {
    return this.#core?.engine;
  }

  /** Windows are those of whoever holds the limits. */
  #signals(worker: string, signals: readonly Signal[]): void {
    for (const signal of signals) this.#engine?.windows.take(signal);
    this.#limits.cluster?.tell(worker, KIND.signals, signals);
  }

  #ceiling(worker: string, change: CeilingChange): void {
    this.#ceilings?.tell(worker, change);
    this.#tellFar(worker, change);
  }

  /** What agents bear is each machine's own: those of another one cannot be reached from here. */
  #tellFar(worker: string, change: CeilingChange): void {
    if (change.reason !== 'agents') this.#limits.cluster?.tell(worker, KIND.ceiling, change);
  }

  #tellOthers(): void {
    for (const [worker, change] of this.#ceilings?.entries() ?? []) this.#tellFar(worker, change);
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
    const view: CeilingsView = { is_all: true, changes: this.#told?.all() ?? [] };
    peer.send(KIND.ceilings, view);
  }

  #peers(): ReadonlyMap<number, Peer> {
    return new Map([...this.#workers.values()].map(({ hello, peer }) => [hello.n, peer]));
  }

  #tellCeilings(changes: readonly CeilingChange[]): void {
    const view: CeilingsView = { is_all: false, changes };
    for (const { peer } of this.#workers.values()) peer.send(KIND.ceilings, view);
    // Where there may be less than before, credit that is out comes back.
    for (const account of new Set(changes.map((change) => change.account))) this.#limits.limits.gate.wake(account);
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
