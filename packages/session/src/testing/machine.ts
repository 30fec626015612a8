import type { Frame, Lane } from '@atp-router/wire';
import type { SessionEffect, SessionInput, SessionSnapshot } from '../contract.ts';
import type { SessionHeld } from '../view.ts';
import type { Side } from './network.ts';
import type { Setting } from './plan.ts';

/** What the simulation needs of a session: inputs in, effects out, and when it wants to be woken. */
export interface Machine {
  handle(input: SessionInput, now_ms: number): readonly SessionEffect[];
  /** What a session that was restored wants done before anything else. */
  take(): readonly SessionEffect[];
  /** Monotone time of the next `timeout`; undefined when there is nothing to wait for. */
  readonly deadline_ms: number | undefined;
  readonly next_stream_id: string;
  /** Number of the next message of a lane. */
  nextSeq(lane: Lane): number;
  /** Whether the first frame of another connection belongs to the session, so that it may take it over (S34). */
  admits(frame: Frame): boolean;
  /** What a successor would start from. */
  snapshot(): SessionSnapshot;
  /** What it holds of both directions. */
  held(): SessionHeld;
}

/** What a session is made from. */
export interface MachineSetup {
  readonly side: Side;
  readonly session_id: string;
  readonly setting: Setting;
  /** Seeds jitter, nonces and tokens; differs for every start. */
  readonly seed: number;
  readonly from?: SessionSnapshot;
  readonly now_ms: number;
  readonly wall_ms: number;
}

export type MakeMachine = (setup: MachineSetup) => Machine;
