import type { AgentStatus, Window } from '@atp-router/wire';
import type { Agreed } from './contract.ts';
import type { SessionCounts } from './core.ts';
import type { Engine } from './engine.ts';

/** A session as it is now, for whoever watches it. */
export interface SessionView {
  readonly phase: Engine['link']['phase'];
  readonly agreed: Agreed | undefined;
  /** Streams that are open, the session's own not counted, and lanes of either direction. */
  readonly streams: number;
  readonly lanes: number;
  /** What each end may have outstanding at the other. */
  readonly own_window: Window;
  readonly peer_window: Window;
  readonly peer_status: AgentStatus | undefined;
  /** Smoothed round-trip time, once there is a sample. */
  readonly rtt_ms?: number;
  /** Messages that are not settled or not complete, and their bytes. */
  readonly held_messages: number;
  readonly held_bytes: number;
  readonly counts: Readonly<SessionCounts>;
}

/** What a session keeps, as it is found in it: each has a limit (`limits.ts`). */
export interface SessionHeld {
  /** Messages that are not settled or not complete, and their bytes. */
  readonly messages: number;
  readonly bytes: number;
  /** Lanes of the other end with a persona or clone. */
  readonly lanes: number;
  /** Messages that are missing, or have failed and wait for an earlier one. */
  readonly gaps: number;
  /** Aborted streams whose end the other has not confirmed. */
  readonly resets: number;
  /** Closed streams in which a message failed. */
  readonly lingering: number;
  readonly nonces: number;
}

/** Goes through everything: for tests, and whoever looks at one session. */
export function countHeld(engine: Engine, nonces: number): SessionHeld {
  const { streams, resets } = engine;
  let lanes = 0;
  let gaps = 0;
  for (const stream of [...streams.open.values(), ...[...streams.lingering.values()].map((lane) => lane.stream)])
    lanes += stream.ins?.size ?? 0;
  for (const lane of streams.lanesIn()) {
    gaps += lane.gaps?.count ?? 0;
    for (const { failed } of lane.waiting?.values() ?? []) if (failed !== undefined) gaps += 1;
  }
  return { ...heldOf(engine), lanes, gaps, resets: resets.size, lingering: streams.lingering.size, nonces };
}

/** What a session keeps of messages: of its own until they are settled, of the other end's until they can be handed on. */
function heldOf({ sender, receiver }: Pick<Engine, 'sender' | 'receiver'>): {
  readonly messages: number;
  readonly bytes: number;
} {
  const { messages, bytes } = receiver.held;
  return { messages: sender.unsettled + messages, bytes: sender.bytes + bytes };
}

export function viewOf(engine: Engine): SessionView {
  const { core, link, streams, store, sender } = engine;
  const held = heldOf(engine);
  let lanes = 0;
  for (const { main_in, main_out, ins, outs } of streams.open.values()) {
    lanes += (main_in ? 1 : 0) + (main_out ? 1 : 0) + (ins?.size ?? 0) + (outs?.size ?? 0);
  }
  return {
    phase: link.phase,
    agreed: core.agreed,
    streams: streams.open.size - 1,
    lanes,
    own_window: core.own_window,
    peer_window: core.peer_window,
    peer_status: store.peer_status?.status,
    ...(sender.rtt.is_measured && { rtt_ms: sender.rtt.srtt_ms }),
    held_messages: held.messages,
    held_bytes: held.bytes,
    counts: core.counts,
  };
}
