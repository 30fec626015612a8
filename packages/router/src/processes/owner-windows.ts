import { systemTimers } from '@atp-router/adapters';
import type { CeilingReason } from '../engine/ceilings.ts';
import type { Engine } from '../engine/engine.ts';
import type { Signal } from '../engine/target-windows.ts';
import { isAnnounced, isToldFar } from './ceiling-rules.ts';
import { CeilingsTold } from './ceilings-told.ts';
import type { ClusterLimits } from './cluster/cluster-limits.ts';
import { OwnerCeilings } from './owner-ceilings.ts';
import { type CeilingChange, KIND } from './shared-view.ts';
import { CHANGES_MAX } from './told.ts';
import type { CeilingsView } from './worker-ceilings.ts';

export interface OwnerWindowsParts {
  readonly engine: Pick<Engine, 'windows' | 'ceilings' | 'gate'>;
  /** Undefined: there are no other machines. */
  readonly cluster: ClusterLimits | undefined;
  /** Of the workers of this machine, the one that has no calls. */
  readonly base: string;
  /** To all workers of this machine. */
  readonly tellWorkers: (view: CeilingsView) => void;
}

/**
 * Windows of deployments, and what else allows accounts only so many calls at a time, at an owner process. They are those of
 * whoever holds the limits: what came back goes there, and what follows is told to the owners of other machines, who pass it
 * on to their workers.
 */
export class OwnerWindows {
  readonly #parts: OwnerWindowsParts;
  readonly #ceilings: OwnerCeilings;
  readonly #told: CeilingsTold;

  constructor(parts: OwnerWindowsParts) {
    const { ceilings } = parts.engine;
    this.#parts = parts;
    this.#ceilings = new OwnerCeilings(ceilings);
    this.#told = new CeilingsTold(systemTimers, ceilings, (changes) => this.#changed(changes));
  }

  /** What came back at a worker. Here it only counts where the limits are: elsewhere nobody knows what is in flight. */
  signals(worker: string, signals: readonly Signal[]): void {
    const { engine, cluster } = this.#parts;
    if (cluster !== undefined && !cluster.leads) cluster.tell(worker, KIND.signals, signals);
    else for (const signal of signals) engine.windows.take(signal);
  }

  /** The same, of this process. */
  signal(signal: Signal): void {
    this.signals(this.#parts.base, [signal]);
  }

  /** A worker, here or elsewhere, says what its agents bear, or where its estimates are bad. */
  ceiling(worker: string, change: CeilingChange): void {
    this.#ceilings.tell(worker, change);
    this.#tellLeader(worker, change);
  }

  /** A worker of this machine is gone. */
  gone(worker: string): void {
    this.#ceilings.forget(worker);
    this.#parts.cluster?.tell(worker, KIND.gone, null);
  }

  /** One of another machine is, or begins anew. */
  forget(worker: string): void {
    this.#ceilings.forget(worker);
  }

  /** What allows an account only so many calls has changed. */
  changed(account: string, reason: CeilingReason): void {
    this.#told.changed(account, reason);
  }

  /** For a worker that knows nothing. */
  all(): CeilingsView {
    return { is_all: true, changes: this.#told.all() };
  }

  /** Those whose windows these are, or for whom they are, may have missed something. */
  forgotten(): void {
    const { cluster, base } = this.#parts;
    if (cluster?.leads === true)
      for (const view of this.#views(true, this.#told.all())) cluster.announce(KIND.ceilings, view);
    else {
      this.#tellAll();
      cluster?.tell(base, KIND.ceilings, null);
    }
  }

  /** To the owner of a worker of another machine, which does not know what is so here. */
  enter(worker: string): void {
    for (const view of this.#views(true, this.#told.all())) this.#parts.cluster?.sendTo(worker, KIND.ceilings, view);
  }

  /** Whoever holds the limits says what is so for all. */
  follow(view: CeilingsView): void {
    this.#ceilings.follow(view);
    // It may have heard of this machine for the first time.
    if (view.is_all) this.#tellAll();
  }

  /** This process begins to hold the limits, without the windows of who did before: what was in flight there is not known here. */
  lead(): void {
    this.#ceilings.follow({ is_all: true, changes: [] });
  }

  close(): void {
    this.#told.close();
  }

  #tellAll(): void {
    for (const [worker, change] of this.#ceilings.entries()) this.#tellLeader(worker, change);
  }

  #tellLeader(worker: string, change: CeilingChange): void {
    if (isToldFar(change.reason)) this.#parts.cluster?.tell(worker, KIND.ceiling, change);
  }

  #changed(changes: readonly CeilingChange[]): void {
    const { engine, cluster, tellWorkers } = this.#parts;
    tellWorkers({ is_all: false, changes });
    if (cluster?.leads === true) for (const view of this.#views(false, changes)) cluster.announce(KIND.ceilings, view);
    // Where there may be less than before, credit that is out comes back.
    for (const account of new Set(changes.map((change) => change.account))) engine.gate.wake(account);
  }

  /** In messages that are not too long. */
  *#views(is_all: boolean, all: readonly CeilingChange[]): Generator<CeilingsView> {
    const changes = all.filter(({ reason }) => isAnnounced(reason));
    if (is_all || changes.length > 0) yield { is_all, changes: changes.slice(0, CHANGES_MAX) };
    for (let at = CHANGES_MAX; at < changes.length; at += CHANGES_MAX)
      yield { is_all: false, changes: changes.slice(at, at + CHANGES_MAX) };
  }
}
