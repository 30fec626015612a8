import { aesGcmSealer, systemClock, systemTimers } from '@atp-router/adapters';
import type { AccountLedger } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import type { IdempotencyStore } from '@atp-router/ledger';
import type { CeilingReason } from '../engine/ceilings.ts';
import type { FlowWatch, Gate } from '../engine/gate.ts';
import { IdempotencyIndex, type IdempotencyKeys, type IdempotencyOptions } from '../engine/idempotency.ts';
import type { Relay } from '../engine/parts.ts';
import type { Ambient } from '../engine/ports.ts';
import type { Starts } from '../engine/starts.ts';
import type { LedgerHandle } from '../ledger-handle.ts';
import type { ProcessRole, RouterOptions } from '../options.ts';
import { SharedIdempotency } from '../shared/idempotency.ts';
import { endClaims } from '../shared/leftovers.ts';
import { Outbox } from '../shared/outbox.ts';
import { Reach } from '../shared/reach.ts';
import { SHARED_TUNING } from '../shared/tuning.ts';
import { claimsOver } from './claims.ts';
import { totalsOf } from './inherited.ts';
import { LeasedGate } from './leased-gate.ts';
import type { MemberCore, Membership } from './membership.ts';
import { OwnerLink } from './owner-link.ts';
import { ownerSockets, type Seat, workerName } from './seat.ts';
import { type CeilingChange, KIND, type SharedView } from './shared-view.ts';
import { SignalBatch } from './signal-batch.ts';

export interface WorkerParts {
  readonly options: RouterOptions;
  readonly seat: Seat;
  readonly role: Extract<ProcessRole, { kind: 'worker' }>;
  readonly ledger: LedgerHandle;
  readonly accounts: AccountLedger;
  readonly ambient: Ambient;
  readonly watch: FlowWatch;
}

/** A process that serves calls within what its owner lets it have. */
export class WorkerMember implements Membership {
  readonly base: Membership['base'];
  readonly overlay: Membership['overlay'];
  readonly kills: Membership['kills'];
  readonly relay: Relay;
  readonly gate: (starts: Starts) => Gate;
  readonly #parts: WorkerParts;
  readonly #link: OwnerLink;
  readonly #claims: IdempotencyStore;
  readonly #outbox: Outbox = new Outbox(systemTimers);
  readonly #signals: SignalBatch;
  #leased: LeasedGate | undefined;
  #keys: SharedIdempotency | undefined;
  #core: MemberCore | undefined;

  private constructor(parts: WorkerParts, link: OwnerLink, { base, overlay, kills }: SharedView) {
    this.#parts = parts;
    this.#link = link;
    this.#claims = claimsOver((kind, body) => link.peer.ask(kind, body, { timeout_ms: SHARED_TUNING.answer_ms }));
    this.base = base;
    this.overlay = overlay;
    this.kills = kills.filter(({ on }) => on);
    this.#signals = new SignalBatch(systemTimers, (signals) => link.peer.send(KIND.signals, signals));
    this.relay = {
      signal: (signal) => this.#signals.add(signal),
      ceiling: (account, reason, calls) => this.#tellCeiling(account, reason, calls),
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
      hello: { n, incarnation, node_id: seat.secrets.node_id, pid: process.pid },
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

  async attach(core: MemberCore): Promise<void> {
    this.#core = core;
    this.#link.listen({
      onUp: () => this.#up(),
      onDown: () => this.#leased?.down(),
      onView: (view) => this.#follow(view),
      onCredit: (message) => this.#leased?.receive(message),
      onQuestion: async (kind) => {
        throw new AtpError('not_found', `There is no question "${kind.slice(0, 40)}".`);
      },
    });
    await this.#endLeftovers();
  }

  async leave(): Promise<void> {
    await this.#outbox.drain(SHARED_TUNING.drain_ms);
    this.#signals.flush();
    this.#leased?.leave();
    await this.#link.close();
  }

  #up(): void {
    const { peer } = this.#link;
    this.#leased?.up((message) => peer.send(KIND.credit, message));
    for (const [account, reason, calls] of this.#core?.engine.ceilings.entries() ?? [])
      this.#tellCeiling(account, reason, calls);
  }

  #tellCeiling(account: string, reason: CeilingReason, calls: number): void {
    if (reason === 'answers') return;
    const change: CeilingChange = { account, reason, calls: Number.isFinite(calls) ? calls : undefined };
    this.#link.peer.send(KIND.ceiling, change);
  }

  /** Brings into force what the owner has. */
  #follow({ base, overlay, kills }: SharedView): void {
    const core = this.#core;
    if (core === undefined) return;
    const { manager, engine } = core;
    const is_same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
    const same_base = is_same(base, manager.file_config);
    if (!same_base || !is_same(overlay, manager.overlay)) {
      const result = manager.follow(same_base ? manager.file_config : base, overlay);
      if (!result.ok)
        this.#problem(`What the owner has in force is not accepted here: ${result.problems[0]?.message ?? ''}.`);
    }
    for (const { scope, id, reason, on } of kills) {
      if (engine.parts.kills.set(scope, id, on) && on) engine.kill(scope, id, reason);
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
