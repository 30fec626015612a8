import type { SessionEffect } from '@atp-router/session';
import type { Frame, Payload, Window } from '@atp-router/wire';

/** Watches sessions: for metrics, the audit log and live views. Decides nothing, and must not throw. */
export interface SessionObserver {
  frame(way: 'in' | 'out', frame: Frame): void;
  /** What came was no frame. */
  unreadable(error: unknown): void;
  effect(effect: SessionEffect): void;
  /** `in`: the other end told it; `out`: this end does. */
  window(way: 'in' | 'out', before: Window, after: Window): void;
  /** A handshake was refused: content of the error. */
  refused(error: Payload['content']): void;
}
