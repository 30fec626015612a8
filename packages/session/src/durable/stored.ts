import { type Lane, laneKey } from '@atp-router/wire';
import type { StoredChange, StoredLane, StoredSession } from '../contract.ts';
import type { Core } from '../core.ts';
import type { Resets } from '../streams/resets.ts';
import type { Stream } from '../streams/stream.ts';
import type { Streams } from '../streams/streams.ts';
import type { PeerStatus } from '../status.ts';
import type { Storable } from './journal.ts';

/** How the two directions of a lane are saved; one object for each lane, so that it is saved once. */
export function storedLane(core: Core, stream: Stream, lane: Lane): Storable {
  stream.stored ??= new Map();
  const key = laneKey(lane);
  let storable = stream.stored.get(key);
  if (storable === undefined) {
    storable = {
      stored: (): StoredChange | undefined =>
        stream.is_over ? undefined : { put: 'lane', value: laneValue(core, stream, lane) },
    };
    stream.stored.set(key, storable);
  }
  return storable;
}

export function laneValue(core: Core, stream: Stream, lane: Lane): StoredLane {
  const key = laneKey(lane);
  const is_main = lane.persona_id === '' && lane.clone_id === '';
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

/** Control frames that are numbered between two savings: a successor goes on above. */
const CONTROL_BLOCK = 65_536;

/** What of a session does not belong to a lane. */
export class SessionStore implements Storable {
  tokens: readonly string[] = [];
  token: string | undefined;
  syn: string | undefined;
  peer_status: PeerStatus | undefined;
  /** Number of control frames up to which a successor knows. */
  control_up_to = 0;
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #resets: Resets;

  constructor(core: Core, streams: Streams, resets: Resets) {
    this.#core = core;
    this.#streams = streams;
    this.#resets = resets;
  }

  /** Whether more control frames may be numbered soon than a successor would know of. */
  get numbers_low(): boolean {
    return this.#core.control_seq + CONTROL_BLOCK / 2 > this.control_up_to;
  }

  stored(): StoredChange {
    return { put: 'session', value: this.value() };
  }

  value(): StoredSession {
    const core = this.#core;
    const { role, session_id } = core.options;
    this.control_up_to = core.control_seq + CONTROL_BLOCK;
    const { token, syn, peer_status } = this;
    const { open, lingering, own, peer } = this.#streams;
    const streams = [...open.values()].map(({ id, ended, in_ended }) => ({
      stream_id: id,
      sent_fin: ended,
      got_fin: in_ended,
    }));
    for (const stream_id of lingering.keys()) streams.push({ stream_id, sent_fin: true, got_fin: true });
    return {
      role,
      session_id,
      ...(core.agreed && { agreed: core.agreed }),
      tokens: this.tokens,
      ...(token !== undefined && { token }),
      ...(syn !== undefined && { syn }),
      control_seq: this.control_up_to,
      next_stream: own.next,
      peer_next_stream: peer.next,
      peer_unseen: [...peer.unseen],
      peer_pending_messages: core.peer_pending,
      ...(peer_status && { peer_status: { ...peer_status } }),
      resets: this.#resets.stored(),
      streams,
      peer_window: core.peer_window,
      own_window: core.own_window,
    };
  }
}
