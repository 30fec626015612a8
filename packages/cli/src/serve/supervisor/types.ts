import type { WorkerStart } from '@atp-router/router';
import type { ExitCode } from '../../exit.ts';
import type { Order, OwnerReady, ReadyInfo, WorkerReady } from '../link.ts';

/** A process that the supervisor runs, by what it is; also the value of `ATP_PROCESS`. */
export type ChildName = 'owner' | `worker:${number}`;

/** At most one process of a child is alive: none but in the states `starting` and `ready`. */
export type Child =
  /** Never started yet. */
  | { readonly state: 'absent' }
  | { readonly state: 'starting'; readonly incarnation: number; readonly failures: number }
  | { readonly state: 'ready'; readonly incarnation: number; readonly failures: number; readonly info: ReadyInfo }
  /** Died as `incarnation`, and is started again when its timer fires. */
  | { readonly state: 'waiting'; readonly incarnation: number; readonly failures: number }
  /** Not started again. */
  | { readonly state: 'ended' };

/** How far an ordered end is: workers are asked first, for they need the owner to give credit back. */
export type StopStep = 'workers' | 'workers killed' | 'owner' | 'owner killed';

export type Phase =
  /** Something was not ready yet for the first time: whatever ends now ends the start. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'stopping'; readonly step: StopStep; readonly reason: string; readonly code: ExitCode }
  | { readonly kind: 'ended'; readonly code: ExitCode };

export interface SupervisorState {
  readonly phase: Phase;
  readonly children: ReadonlyMap<ChildName, Child>;
  /** Highest incarnation that was ever given, over all children. */
  readonly last: number;
  /** Workers of a supervisor that is dead, which may be alive still. A start of the same number takes their place. */
  readonly earlier: readonly WorkerStart[];
  /** How long a child may take to stop: that of the configuration in force. */
  readonly grace_ms: number;
}

/** A timer that was asked for. It may fire late or when nobody waits for it any more, but never early. */
export type TimerName =
  | { readonly kind: 'restart'; readonly child: ChildName; readonly incarnation: number }
  /** It has been ready for long enough: what went wrong before is forgotten. */
  | { readonly kind: 'steady'; readonly child: ChildName; readonly incarnation: number }
  | { readonly kind: 'stop'; readonly step: StopStep };

/** Of messages and exits only those of the incarnation that is alive count. */
export type SupervisorEvent =
  | { readonly kind: 'spawned'; readonly child: ChildName; readonly incarnation: number; readonly pid: number }
  | { readonly kind: 'ready'; readonly child: ChildName; readonly incarnation: number; readonly info: ReadyInfo }
  /** The configuration in force gives calls this long to finish. */
  | { readonly kind: 'grace'; readonly grace_ms: number }
  | {
      readonly kind: 'exited';
      readonly child: ChildName;
      readonly incarnation: number;
      /** Absent: it ended by a signal, or could not be started. */
      readonly code: number | undefined;
      /** The signal, or why it could not be started. */
      readonly reason: string | undefined;
    }
  | { readonly kind: 'timer'; readonly timer: TimerName }
  | { readonly kind: 'stop'; readonly signal: string }
  /** A second request to end. */
  | { readonly kind: 'stop now' }
  | { readonly kind: 'hangup' };

export type SupervisorEffect =
  /** To be recorded before the process is made: `last` is `incarnation`, `workers` may be alive from then on. */
  | {
      readonly kind: 'spawn';
      readonly child: ChildName;
      readonly incarnation: number;
      /** Beside this one. */
      readonly workers: readonly WorkerStart[];
    }
  | { readonly kind: 'send'; readonly child: ChildName; readonly order: Order }
  /** With SIGKILL. */
  | { readonly kind: 'kill'; readonly child: ChildName }
  | { readonly kind: 'arm'; readonly timer: TimerName; readonly after_ms: number }
  | { readonly kind: 'welcome'; readonly owner: OwnerReady; readonly worker: WorkerReady }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number | undefined>>;
    }
  /** The last one. Workers that may be alive all the same are named. */
  | { readonly kind: 'exit'; readonly code: ExitCode; readonly workers: readonly WorkerStart[] };

export interface Step {
  readonly state: SupervisorState;
  readonly effects: readonly SupervisorEffect[];
}
