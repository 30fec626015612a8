import type { WorkerMessage } from '@atp-router/flow';
import type { Gate } from '../engine/gate.ts';

/** Where an owner process has the limits, or knows who has them. */
export interface Limits {
  /** It serves no calls itself. */
  readonly gate: Gate;
  /** All who send to it, or may be sent something, are there. */
  start(): void;
  /** From a worker of this machine. */
  receive(message: WorkerMessage): void;
  close(): Promise<void>;
}
