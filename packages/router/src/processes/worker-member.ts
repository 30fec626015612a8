import { aesGcmSealer, type RouterMetrics, systemClock, systemTimers } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { EventType, IdempotencyStore } from '@atp-router/ledger';
import type { AgentHub } from '../atp/agents/agent-hub.ts';
import type { CeilingReason } from '../engine/ceilings.ts';
import type { Gate } from '../engine/gate.ts';
import { IdempotencyIndex, type IdempotencyKeys, type IdempotencyOptions } from '../engine/idempotency.ts';
import type { Relay } from '../engine/parts.ts';
import type { Starts } from '../engine/starts.ts';
import { SharedIdempotency } from '../shared/idempotency.ts';
import { endClaims } from '../shared/leftovers.ts';
import { Outbox } from '../shared/outbox.ts';
import { Reach } from '../shared/reach.ts';
import { SHARED_TUNING } from '../shared/tuning.ts';
import { farCounter } from './agents/far-counter.ts';
import { WorkerAgents } from './agents/worker-agents.ts';
import { isTold } from './ceiling-rules.ts';
import { claimsOver } from './claims.ts';
import { totalsOf } from './inherited.ts';
import type { WorkerParts } from './join-parts.ts';
import { LeasedGate } from './leased-gate.ts';
import { type EventBatch, EventTap } from './event-tap.ts';
import type { MemberCore, Membership } from './membership.ts';
import type { Answers, OwnerDoor } from './other-processes.ts';
import { OwnerLink } from './owner-link.ts';
import { ownerSockets, workerName } from './seat.ts';
import { ceilingChange, KIND, type SharedView } from './shared-view.ts';
import { WorkerSessions } from './sessions/worker-sessions.ts';
import { SignalBatch } from './signal-batch.ts';
import { type CeilingsView, OwnCapacity, WorkerCeilings } from './worker-ceilings.ts';
import { stopHere } from './stop-here.ts';

/** A process that serves calls within what its owner lets it have. */
export class WorkerMember implements Membership {
  readonly base: Membership['base'];
  readonly overlay: Membership['overlay'];
  readonly kills: Membership['kills'];
  readonly relay: Relay;
  readonly capacity: (account: string, calls: number) => void;
  readonly others: undefined = undefined;
  readonly owner: OwnerDoor;
  readonly gate: (starts: Starts) => Gate;
  readonly #parts: WorkerParts;
  readonly #link: OwnerLink;
  readonly #claims: IdempotencyStore;
  readonly #outbox: Outbox = new Outbox(systemTimers);
  readonly #signals: SignalBatch;
  readonly #capacity: OwnCapacity;
  #agents: WorkerAgents | undefined;
  #sessions: WorkerSessions | undefined;
  #answers: Answers | undefined;
  #tap: EventTap | undefined;
  #leased: LeasedGate | undefined;
  #keys: SharedIdempotency | undefined;
  #core: MemberCore | undefined;

  private constructor(parts: WorkerParts, link: OwnerLink, { base, overlay, kills }: SharedView) {
    this.#parts = parts;
    this.#link = link;
    this.#claims = claimsOver((kind, body) => link.peer.ask(kind, body, { timeout_ms: SHARED_TUNING.answer_ms }));
    this.owner = {
      ask: (kind, question, timeout_ms) => link.peer.ask(kind, question, { timeout_ms }),
      http: ownerSockets(parts.seat.shared_dir).http,
    };
    this.base = base;
    this.overlay = overlay;
    this.kills = kills.filter(({ on }) => on);
    this.#capacity = new OwnCapacity((change) => link.peer.send(KIND.ceiling, change));
    this.capacity = (account, calls) => this.#capacity.set(account, calls);
    this.#signals = new SignalBatch(systemTimers, (signals) => link.peer.send(KIND.signals, signals));
    this.relay = {
      signal: (signal) => this.#signals.add(signal),
      ceiling: (account, reason, calls) => {
        // Credit may be needed there, or not any more.
        this.#leased?.wake(account);
        this.#tellCeiling(account, reason, calls);
      },
    };
    const { accounts, ambient, watch, role, ledger, seat } = parts;
    const inherited = totalsOf(ledger.start.budgets);
    const worker = workerName(seat, role.n);
    this.gate = (starts) => {
      this.#leased = new LeasedGate({
        ...{ accounts, ambient, starts, watch, worker, inherited },
        incarnation: role.incarnation,
        options: parts.options.pace?.credit,
      });
      return this.#leased;
    };
  }

  /** Waits for the owner and what it has in force. Throws when there is none. */
  static async join(parts: WorkerParts): Promise<WorkerMember> {
    const { options, seat, role } = parts;
    const { n, incarnation } = role;
    const link = new OwnerLink({
      path: ownerSockets(seat.shared_dir).links,
      version: options.version,
      hello: { n, incarnation, node_id: seat.secrets.node_id },
      onProblem: options.onProblem,
    });
    try {
      return new WorkerMember(parts, link, await link.firstView());
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  keys(options: IdempotencyOptions): IdempotencyKeys {
    const { secrets } = this.#parts.seat;
    const sealer = aesGcmSealer(secrets.seal_key);
    // The owner knows of earlier processes and of keys that left the memory.
    const local = new IdempotencyIndex({ find: async () => undefined }, sealer, options);
    this.#keys = new SharedIdempotency(local, {
      ...{ store: this.#claims, outbox: this.#outbox, clock: systemClock, timers: systemTimers, sealer },
      reach: new Reach(systemClock, systemTimers, SHARED_TUNING.answer_ms),
      ...{ owner: secrets.node_id, elsewhere_ms: SHARED_TUNING.elsewhere_ms },
    });
    return this.#keys;
  }

  answer(answers: Answers): void {
    this.#answers = answers;
  }

  async attach(core: MemberCore): Promise<void> {
    this.#core = core;
    const { engine, agents, metrics, bus } = core;
    const ceilings = new WorkerCeilings(engine.ceilings);
    this.#agents = await this.#openAgents(agents, metrics);
    const send = (batch: EventBatch): void => void this.#link.peer.send(KIND.events, batch);
    const tap = new EventTap({ bus, clock: systemClock, timers: systemTimers, send });
    this.#tap = tap;
    this.#link.listen({
      onUp: () => this.#up(),
      onDown: () => this.#down(),
      onView: (view) => this.#follow(view),
      onCredit: (message) => this.#leased?.receive(message),
      takes: {
        [KIND.agents]: (body) => this.#agents?.told(body),
        [KIND.ceilings]: (body) => this.#leased?.together(() => ceilings.take(body as CeilingsView)),
      },
      answers: (kind) => {
        if (kind === KIND.check_agent) return async (id) => this.#agents?.checkHere(id);
        if (kind === KIND.watch) return async (types) => tap.watch(types as readonly EventType[] | null);
        const answer = this.#answers?.get(kind);
        return answer && (async (question) => answer(question));
      },
    });
    await this.#endLeftovers();
  }

  get sessions(): WorkerSessions | undefined {
    return this.#sessions;
  }

  get carrier(): Membership['carrier'] {
    return this.#agents?.carrier;
  }

  async leave(): Promise<void> {
    await this.#agents?.close();
    await this.#outbox.drain(SHARED_TUNING.drain_ms);
    this.#signals.flush();
    this.#tap?.flush();
    this.#tap?.end();
    this.#leased?.leave();
    await this.#link.close();
  }

  #up(): void {
    const { peer } = this.#link;
    this.#leased?.up((message) => peer.send(KIND.credit, message));
    for (const [account, reason, calls] of this.#core?.engine.ceilings.entries() ?? [])
      this.#tellCeiling(account, reason, calls);
    this.#capacity.tellAll();
    this.#agents?.up();
  }

  #down(): void {
    this.#tap?.end();
    this.#leased?.down();
    this.#agents?.down();
  }

  #openAgents(hub: AgentHub, metrics: RouterMetrics): Promise<WorkerAgents> {
    const { seat, role, options } = this.#parts;
    const { shared_dir } = seat;
    const { version, onProblem } = options;
    const place = { n: role.n, shared_dir, version, onProblem };
    const sessions = new WorkerSessions({ ...place, workers: options.config.workers, registry: metrics.registry });
    this.#sessions = sessions;
    return WorkerAgents.open({
      ...{ ...place, timers: systemTimers, hub },
      takes: (pipe, hello) => sessions.take(pipe, hello),
      send: (change) => this.#link.peer.send(KIND.agents, change),
      onOutcome: farCounter(metrics.registry),
    });
  }

  /** The others are the owner's own. */
  #tellCeiling(account: string, reason: CeilingReason, calls: number): void {
    if (isTold(reason)) this.#link.peer.send(KIND.ceiling, ceilingChange(account, reason, calls));
  }

  /** Brings into force what the owner has. */
  #follow({ base, overlay, kills }: SharedView): void {
    const core = this.#core;
    if (core === undefined) return;
    const { manager } = core;
    const is_same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
    const same_base = is_same(base, manager.file_config);
    if (!same_base || !is_same(overlay, manager.overlay)) {
      const result = manager.follow(same_base ? manager.file_config : base, overlay);
      if (!result.ok)
        this.#problem(`What the owner has in force is not accepted here: ${result.problems[0]?.message ?? ''}.`);
    }
    for (const kill of kills) {
      if (kill.on) stopHere(core, kill, false);
      else core.engine.parts.kills.set(kill.scope, kill.id, false);
    }
  }

  /** Ends what an earlier process of this worker left claimed, by what the journal says of its calls. */
  async #endLeftovers(): Promise<void> {
    const { ledger, seat } = this.#parts;
    try {
      await endClaims({
        ...{ claims: this.#claims, owner: seat.secrets.node_id, archive: ledger.claims },
        hasClaim: (call_id) => this.#keys?.has(call_id) === true,
      });
    } catch (cause) {
      this.#problem('Idempotency keys of an earlier process could not be ended.', cause);
    }
  }

  #problem(words: string, cause?: unknown): void {
    this.#parts.options.onProblem?.('workers', new AtpError('internal_error', words, { cause }));
  }
}
