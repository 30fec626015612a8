import { type Lane, laneKey } from '@atp-router/wire';
import type { StoredChange, StoredLane, StoredSession, StoredStatus } from '../contract.ts';
import type { Core } from '../core.ts';
import type { Stream } from '../streams/stream.ts';
import { isMainLane, mainLane } from '../streams/numbers.ts';
import type { Streams } from '../streams/streams.ts';
import type { PeerStatus } from '../status.ts';
import type { Storable } from './journal.ts';

/** How the two directions of a lane are saved; one object for each lane, so that it is saved once. */
export function storedLane(core: Core, stream: Stream, lane: Lane): Storable {
  stream.lanes_stored ??= new Map();
  const key = laneKey(lane);
  let storable = stream.lanes_stored.get(key);
  if (storable === undefined) {
    storable = {
      stored: (): StoredChange | undefined =>
        stream.is_over ? undefined : { put: 'lane', value: laneValue(core, stream, lane) },
    };
    stream.lanes_stored.set(key, storable);
  }
  return storable;
}

export function laneValue(core: Core, stream: Stream, lane: Lane): StoredLane {
  const key = laneKey(lane);
  const is_main = isMainLane(lane);
  const from = is_main ? stream.main_in : stream.ins?.get(key);
  const to = is_main ? stream.main_out : stream.outs?.get(key);
  return {
    lane,
    settled_up_to: from?.arrived ?? -1,
    failed: [...(from?.failed ?? [])],
    credit: from?.credit_when_saved ?? core.limits.pending_messages - 1,
    next_seq: to?.next_seq ?? 0,
    peer_credit: to?.credit ?? core.peer_pending - 1,
  };
}

/** A stream that is closed is forgotten, or remembered for its failed messages: then its main lane alone stays. */
export function lingerStored(core: Core, streams: Streams, stream: Stream): void {
  const { journal } = core;
  const stream_id = stream.id;
  const forgotten = streams.linger(stream);
  journal.change({ drop: 'stream', stream_id });
  if (forgotten === stream_id) return;
  if (forgotten !== undefined) journal.change({ drop: 'stream', stream_id: forgotten });
  journal.change({ put: 'stream', value: stream.value });
  journal.change({ put: 'lane', value: laneValue(core, stream, mainLane(stream_id)) });
}

/**
 * Control frames that may be numbered before another block of numbers has to be saved: a successor goes on above, and sends
 * none before its own block is saved. Half of it is left when the next block is asked for: ten minutes at 50 frames a second.
 */
const CONTROL_BLOCK = 65_536;

/** What of a session does not belong to a stream or to a lane. */
export class SessionStore implements Storable {
  tokens: readonly string[] = [];
  token: string | undefined;
  syn: string | undefined;
  /** Number of the resumption that a server took last. */
  resume_seq = -1;
  peer_status: PeerStatus | undefined;
  /** Number of the control frame that last changed the other end's window. */
  window_seq = -1;
  /** Told when numbers of control frames were saved. */
  numbered: (() => void) | undefined;
  status: { readonly stored: StoredStatus | undefined } | undefined;
  /** Where a successor goes on, by what is saved or on its way to be. Nobody succeeds to what never was saved. */
  #control_up_to = CONTROL_BLOCK;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    if (core.journal.durable) core.control_limit = CONTROL_BLOCK;
  }

  /** Whether more control frames may be numbered soon than a successor would know of. */
  get numbers_low(): boolean {
    return this.#core.control_seq + CONTROL_BLOCK / 2 > this.#control_up_to;
  }

  /** A predecessor may have used all numbers below this one, and saved that. */
  restoreNumbers(control_seq: number): void {
    const core = this.#core;
    core.control_seq = control_seq;
    this.#control_up_to = control_seq;
    if (core.journal.durable) core.control_limit = control_seq;
  }

  stored(): StoredChange {
    if (this.numbers_low) this.#reserve();
    return { put: 'session', value: this.value() };
  }

  #reserve(): void {
    const core = this.#core;
    const up_to = core.control_seq + CONTROL_BLOCK;
    this.#control_up_to = up_to;
    core.journal.hold(() => {
      core.control_limit = up_to;
      this.numbered?.();
    });
  }

  value(): StoredSession {
    const core = this.#core;
    const { role, session_id } = core.options;
    const { token, syn, peer_status, status } = this;
    return {
      role,
      session_id,
      ...(core.agreed && { agreed: core.agreed }),
      tokens: this.tokens,
      ...(token !== undefined && { token }),
      ...(syn !== undefined && { syn }),
      ...(this.resume_seq >= 0 && { resume_seq: this.resume_seq }),
      control_seq: core.journal.durable ? this.#control_up_to : core.control_seq,
      peer_pending_messages: core.peer_pending,
      ...(peer_status && { peer_status: { ...peer_status } }),
      ...(status?.stored && { own_status: status.stored }),
      peer_window: core.peer_window,
      ...(this.window_seq >= 0 && { peer_window_seq: this.window_seq }),
      own_window: core.own_window,
    };
  }
}
