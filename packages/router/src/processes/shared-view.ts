import type { Config } from '@atp-router/adapters';
import type { KillRow } from '@atp-router/ledger';
import type { OverlayEntity } from '../generation/overlay.ts';

/** What the owner has brought into force and its workers follow. */
export interface SharedView {
  /** The file's configuration. */
  readonly base: Config;
  /** What operators made. */
  readonly overlay: readonly OverlayEntity[];
  /** Switches, and those that have been lifted. */
  readonly kills: readonly (Pick<KillRow, 'scope' | 'id' | 'reason'> & { readonly on: boolean })[];
}

/** Names of messages and questions between an owner and its workers. */
export const KIND = {
  /** Both ways: credit, ADR 0019. */
  credit: 'credit',
  /** To workers: a `SharedView`. */
  view: 'view',
  /** To the owner: `Signal[]`, what came back from deployments. */
  signals: 'signals',
  /** To the owner: `CeilingChange`, of one worker. */
  ceiling: 'ceiling',
  /** Between machines: a worker's ceilings do not count any more. */
  gone: 'gone',
  /** To workers: `CeilingsView`, of all together. Between machines the same, to their owners; null asks for it. */
  ceilings: 'ceilings',
  /** To the owner: `AgentsChange`, of the sender's own agents. To workers: `AgentsOf` another one. */
  agents: 'agents',
  /** Question to workers: `EventType[]` that somebody watches at the owner, null for all. */
  watch: 'events.watch',
  /** To the owner: an `EventBatch`. */
  events: 'events',
  /** Question to a worker: the id of an agent there. An `AgentCheck`, or undefined where it is gone. */
  check_agent: 'agents.check',
  /** Question to the owner: the metrics of all processes, as text. */
  metrics: 'metrics',
} as const;

export interface CeilingChange {
  readonly account: string;
  readonly reason: string;
  /** Undefined: none any more. */
  readonly calls: number | undefined;
}

/** `Infinity`: none. */
export function ceilingChange(account: string, reason: string, calls: number): CeilingChange {
  return { account, reason, calls: Number.isFinite(calls) ? calls : undefined };
}

/** What a worker says of itself when a link begins. */
export interface WorkerHello {
  readonly n: number;
  readonly incarnation: number;
  readonly node_id: string;
}

export function isWorkerHello(value: unknown): value is WorkerHello {
  if (typeof value !== 'object' || value === null) return false;
  const { n, incarnation, node_id } = value as Partial<Record<keyof WorkerHello, unknown>>;
  return [n, incarnation].every((one) => Number.isSafeInteger(one)) && typeof node_id === 'string';
}
