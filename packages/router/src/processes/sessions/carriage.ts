import type { FramePrincipal } from '@atp-router/adapters';
import { type Frame, type FrameAddress, FrameError, type FrameFault, type FramePlace } from '@atp-router/wire';

/** A frame as it came, decoded: numbers, order and absent members stay what signatures and checksums cover. */
export interface CarriedFrame {
  readonly frame: Frame;
  /** Its size as it came. */
  readonly bytes: number;
}

/** A connection that has come to another process, and resumes a session: its client's address and key as that process saw them. */
export interface Carriage {
  readonly carried: 'session';
  readonly principal: FramePrincipal | undefined;
  readonly remote_address: string;
  readonly first: CarriedFrame;
}

/** Whether a process is there. */
export interface Knock {
  readonly carried: 'knock';
}

/** What the process says that is asked. */
export const ANSWERS = {
  /** It has the session, and the connection is the session's now. */
  taken: 'taken',
  /** It has no session that this frame resumes. */
  none: 'none',
  /** It does not know now: it is starting, or stops, or has too much to do. */
  later: 'later',
} as const;

/** What follows, both ways. */
export const PASSES = {
  /** To the session: a `CarriedFrame`. From it: an `EncodedFrame`. */
  frame: 'frame',
  /** To the session: a `CarriedFault`, in place of a frame. */
  fault: 'fault',
  /** From the session: a `CloseName`. */
  close: 'close',
} as const;

/** A `FrameError` as plain data. */
export interface CarriedFault {
  readonly fault: FrameFault;
  readonly place: FramePlace;
  readonly address: FrameAddress | undefined;
}

export function carriedFault({ fault, offset, path, address }: FrameError): CarriedFault {
  return { fault, place: { ...(offset !== undefined && { offset }), ...(path !== undefined && { path }) }, address };
}

export function frameErrorOf({ fault, place, address }: CarriedFault): FrameError {
  const error = new FrameError(fault, place);
  error.address = address;
  return error;
}

/** What begins a conversation about sessions: the other process has the same version, and is this user's. */
export function isCarriage(hello: unknown): hello is Carriage | Knock {
  const { carried } = (hello ?? {}) as Partial<Record<string, unknown>>;
  return carried === 'session' || carried === 'knock';
}
