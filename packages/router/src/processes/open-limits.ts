import type { DayTotal, OwnerMessage, WorkerMessage } from '@atp-router/flow';
import { AtpError } from '@atp-router/kernel';
import { BaseCredit } from './base-credit.ts';
import { ClusterLimits } from './cluster/cluster-limits.ts';
import { totalsOf } from './inherited.ts';
import type { Limits } from './limits.ts';
import { OwnerGate } from './owner-gate.ts';
import type { OwnerParts } from './join-parts.ts';
import { baseName, workerName } from './seat.ts';

export interface LimitsListener {
  /** To a worker of this machine. */
  deliver(message: OwnerMessage): void;
  /** What a worker of another machine tells whoever holds the limits. */
  told(worker: string, kind: string, body: unknown): void;
  /** A worker of another machine is not heard of any more. */
  gone(worker: string): void;
  /** One is heard of for the first time, or through another process. */
  entered(worker: string): void;
  /** What whoever holds the limits tells all, beside credit. Returns whether it is understood. */
  announced(kind: string, body: unknown): boolean;
  /** This process begins to hold the limits of all machines. */
  led(): void;
  /** Whoever holds the limits may not know any more what was told, or others what this one did that does. */
  forgotten(): void;
}

/** What an owner process has of the limits: all of them, or where there are other machines its part. */
export class OpenLimits {
  readonly limits: Limits;
  /** Undefined: there are no other machines. */
  readonly cluster: ClusterLimits | undefined;
  readonly #base: BaseCredit;

  constructor(parts: OwnerParts, listener: LimitsListener) {
    const { seat, role, accounts, ambient } = parts;
    const name = baseName(seat);
    this.#base = new BaseCredit({
      ...{ name, incarnation: role.epoch, inherited: inheritedBy(parts), accounts, ambient },
      options: parts.options.pace?.credit,
      send: (message: WorkerMessage) => queueMicrotask(() => this.limits.receive(message)),
    });
    const deliver = (message: OwnerMessage): void => {
      if (message.worker === name) this.#base.receive(message);
      else listener.deliver(message);
    };
    this.cluster = clusterOf(parts, deliver, listener);
    this.limits = this.cluster ?? gateOf(parts, deliver);
  }

  start(): void {
    this.limits.start();
    this.#base.start();
  }

  async close(): Promise<void> {
    this.#base.close();
    await this.limits.close();
  }
}

function inheritedBy({ ledger }: OwnerParts): readonly DayTotal[] {
  return totalsOf(ledger.start.budgets);
}

function gateOf(parts: OwnerParts, send: (message: OwnerMessage) => void): OwnerGate {
  const { seat, role, accounts, ambient, watch, options } = parts;
  const { epoch, workers } = role;
  return new OwnerGate({
    ...{ accounts, ambient, watch, epoch, send, options: options.pace?.credit, inherited: inheritedBy(parts) },
    workers: [
      ...workers.map(({ n, incarnation }) => ({ name: workerName(seat, n), incarnation })),
      { name: baseName(seat), incarnation: epoch },
    ],
    onDeposed: (by) => {
      const words = `A later owner (${by}) is there. This process decides nothing any more.`;
      options.onProblem?.('workers', new AtpError('internal_error', words));
    },
  });
}

function clusterOf(
  parts: OwnerParts,
  deliver: (message: OwnerMessage) => void,
  { told, gone, entered, announced, led, forgotten }: LimitsListener,
): ClusterLimits | undefined {
  const { seat, role, accounts, ambient, watch, options } = parts;
  const { cluster: config, workers } = seat.config;
  if (config === undefined) return undefined;
  const own = Array.from({ length: workers }, (_, i) => i + 1);
  const numbers = new Set([...own, ...role.workers.map(({ n }) => n)]);
  return new ClusterLimits({
    ...{ config, member_id: seat.member_id, incarnation: role.epoch, accounts, ambient, watch, deliver },
    workers: [...[...numbers].map((n) => workerName(seat, n)), baseName(seat)],
    ...{ onTold: told, onGone: gone, onEntered: entered, onAnnounced: announced, onLead: led, onForgotten: forgotten },
    ...{ pace: options.pace, inherited: inheritedBy(parts) },
    onProblem: (problem) => options.onProblem?.('workers', problem),
    onOver: (reason) => options.onEnd?.(`The limits are not held here any more: ${reason}.`),
  });
}
