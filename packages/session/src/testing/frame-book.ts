import {
  type Acknowledgement,
  type Frame,
  hasFlag,
  hasMore,
  isFragment,
  isWireObject,
  laneKey,
  laneOf,
  type Lane,
} from '@atp-router/wire';
import { type MessageBook, named, type Sent } from './message-book.ts';
import { opensStream, type Side } from './network.ts';
import type { StatusBook } from './status-book.ts';
import type { SimStore } from './store.ts';

/** What one end may know of the lanes of the other, from what came to it; and what it said itself. */
interface Told {
  /** Highest credit that came, by lane. */
  readonly credit: Map<string, number>;
  /** Highest number of which anything came, by lane. */
  readonly seen: Map<string, number>;
  /** Messages whose last fragment came. */
  readonly last_fragment: Set<string>;
  /** Next number of a lane that it sends. */
  readonly next: Map<string, number>;
  readonly acked: Map<string, number>;
  readonly granted: Map<string, number>;
  readonly acked_fragments: Map<string, number>;
  peer_pending: number | undefined;
  control_next: number;
  life: number;
  /** Openings and their answers by number: they are sent again as they are. */
  readonly opening: Map<number, string>;
}

/** What is to be known of an end while its frames are judged. */
export interface FrameView {
  life(side: Side): number;
  /** The end was told that the stream is closed, or aborted it. */
  closedAt(side: Side, stream_id: string): boolean;
  /** Its handshake on the present connection is done. */
  established(side: Side): boolean;
  pendingMessages(side: Side): number;
  /** Where a durable end keeps its changes. */
  store(side: Side): SimStore | undefined;
  readonly statuses: StatusBook;
}

/** Every frame that leaves and reaches an end, held against what the protocol allows it to say. */
export class FrameBook {
  readonly #messages: MessageBook;
  readonly #view: FrameView;
  readonly #broken: (what: string) => void;
  readonly #told: Record<Side, Told> = { client: nothing(), server: nothing() };

  /** Fragments that left. */
  fragments = 0;

  constructor(messages: MessageBook, view: FrameView, broken: (what: string) => void) {
    this.#messages = messages;
    this.#view = view;
    this.#broken = broken;
  }

  left(side: Side, frame: Frame): void {
    if (hasFlag(frame, 'CTRL')) {
      // S39: who refuses a handshake has no number to give.
      if (isRefusal(frame) && !this.#view.established(side)) return;
      // The answer to a repeated SYN is the one that was given before, whatever is known by now.
      if (this.#control(side, frame)) return;
      for (const ack of acksOf(frame)) this.#acknowledges(side, frame, ack);
    } else this.#message(side, frame);
  }

  reached(side: Side, frame: Frame): void {
    const told = this.#told[side];
    if (hasFlag(frame, 'CTRL')) {
      const pending = contentOf(frame)?.['pending_messages'];
      if (hasFlag(frame, 'SYN')) told.peer_pending ??= typeof pending === 'number' ? pending : 256;
      for (const ack of acksOf(frame))
        if (ack.credit !== undefined) raise(told.credit, laneKey(laneIn(frame, ack)), ack.credit);
      return;
    }
    const key = laneKey(laneOf(frame));
    raise(told.seen, key, frame.msg_seq);
    if (isFragment(frame) && !hasMore(frame)) told.last_fragment.add(`${frame.msg_seq}/${key}`);
  }

  /** After a crash an end may number on from what it kept. */
  restarted(side: Side, nextOf: (lane: Lane) => number): void {
    const told = this.#told[side];
    told.next.clear();
    this.#nextOf[side] = nextOf;
  }

  readonly #nextOf: Record<Side, (lane: Lane) => number> = { client: () => 0, server: () => 0 };

  /** Whether it is a repetition. */
  #control(side: Side, frame: Frame): boolean {
    const told = this.#told[side];
    const life = this.#view.life(side);
    if (hasFlag(frame, 'SYN')) {
      const said = JSON.stringify([frame.flags, frame.payload, frame.window]);
      const before = told.opening.get(frame.msg_seq);
      if (before !== undefined && before !== said)
        this.#broken(`${side} sends another control frame under the number ${frame.msg_seq}`);
      if (before !== undefined) return true;
      told.opening.set(frame.msg_seq, said);
    }
    const leaps = life !== told.life && frame.msg_seq > told.control_next;
    if (frame.msg_seq !== told.control_next && !leaps)
      this.#broken(`${side} numbers a control frame ${frame.msg_seq} after ${told.control_next - 1}`);
    told.life = life;
    told.control_next = Math.max(told.control_next, frame.msg_seq + 1);
    return false;
  }

  #message(side: Side, frame: Frame): void {
    const told = this.#told[side];
    const lane = laneOf(frame);
    const key = laneKey(lane);
    if (isFragment(frame)) this.fragments += 1;
    const id = { lane, msg_seq: frame.msg_seq };
    const known = this.#messages.sent(side, id);
    const sent = known === undefined || known.gone === true ? this.#madeBySession(side, frame) : known;
    const next = told.next.get(key) ?? this.#nextOf[side](lane);
    if (frame.msg_seq > next) this.#broken(`${side} leaves out ${next} before ${named(id)}`);
    told.next.set(key, Math.max(next, frame.msg_seq + 1));
    if (sent === undefined || sent.gone === true) this.#broken(`${side} sends ${named(id)}, which it was not asked to`);
    else if ((frame.frag_seq ?? 0) === 0 && frame.payload?.seq !== sent.message.payload?.seq)
      this.#broken(`${side} sends another message under the number ${named(id)}`);
    else if (sent.outcome !== undefined && sent.outcome_life === this.#view.life(side))
      this.#broken(`${side} sends ${named(id)} after it was ${sent.outcome}`);
    const credit = Math.max(told.credit.get(key) ?? -1, (told.peer_pending ?? 256) - 1);
    if (frame.msg_seq > credit) this.#broken(`${side} sends ${named(id)} with a credit of ${credit}`);
    if (this.#view.closedAt(side, lane.stream_id)) this.#broken(`${side} sends ${named(id)} on a closed stream`);
    if (frame.msg_seq === 0 && lane.persona_id === '' && (frame.frag_seq ?? 0) === 0 && lane.stream_id !== '0')
      this.#opens(side, frame);
    if (hasFlag(frame, 'FIN') && lane.persona_id === '') this.#endsInOrder(side, lane);
  }

  /** A status, the end of the session's own stream, and an end in place of one that failed. */
  #madeBySession(side: Side, frame: Frame): Sent | undefined {
    const lane = laneOf(frame);
    if (lane.stream_id === '0' && frame.payload?.type === 'control.status') {
      this.#view.statuses.sends(side, frame);
      const message = { payload: { type: frame.payload.type } };
      this.#messages.took(side, { lane, msg_seq: frame.msg_seq }, message, false, true);
      return this.#messages.sent(side, { lane, msg_seq: frame.msg_seq });
    }
    if (frame.payload !== undefined || !hasFlag(frame, 'FIN')) return undefined;
    const before = this.#messages.sent(side, { lane, msg_seq: frame.msg_seq - 1 });
    if (lane.stream_id !== '0' && !(before?.fin === true && before.outcome !== 'acknowledged')) return undefined;
    this.#messages.took(side, { lane, msg_seq: frame.msg_seq }, {}, true, true);
    return this.#messages.sent(side, { lane, msg_seq: frame.msg_seq });
  }

  #opens(side: Side, frame: Frame): void {
    if (opensStream(side, frame.stream_id) !== hasFlag(frame, 'SYN'))
      this.#broken(`${side} has SYN wrong on the first message of ${frame.stream_id}`);
  }

  /** S14: nothing of another lane may come behind the end of the stream. */
  #endsInOrder(side: Side, main: Lane): void {
    for (const sent of this.#messages.allSent(side)) {
      const { lane } = sent.id;
      if (
        lane.stream_id === main.stream_id &&
        lane.persona_id !== '' &&
        sent.outcome === undefined &&
        sent.gone !== true
      )
        this.#broken(`${side} sends FIN on ${main.stream_id} before ${named(sent.id)} is settled`);
    }
  }

  #acknowledges(side: Side, frame: Frame, ack: Acknowledgement): void {
    const lane = laneIn(frame, ack);
    const key = laneKey(lane);
    const { acked, granted } = this.#told[side];
    // S30: of what is closed nothing needs to be remembered.
    if (this.#view.closedAt(side, lane.stream_id)) return;
    if (ack.ack_msg_up_to !== undefined) {
      this.#notFalling(side, 'ack_msg_up_to', acked, key, ack.ack_msg_up_to);
      this.#isKept(side, lane, ack);
    }
    if (ack.credit !== undefined) {
      this.#notFalling(side, 'credit', granted, key, ack.credit);
      const most = this.#messages.arriving(side, lane).done + this.#view.pendingMessages(side) - 1;
      if (ack.credit > most) this.#broken(`${side} grants ${ack.credit} in ${key} and may grant ${most}`);
    }
    if (ack.msg_seq !== undefined) this.#asksForFragments(side, lane, ack, ack.msg_seq);
    for (const msg_seq of ack.missing_messages ?? []) this.#asksForMessage(side, lane, msg_seq);
  }

  /** S18: what is acknowledged is handed on, has failed, or is kept. */
  #isKept(side: Side, lane: Lane, ack: Acknowledgement): void {
    const up_to = ack.ack_msg_up_to ?? -1;
    const store = this.#view.store(side);
    const { next, arrivals } = this.#messages.arriving(side, lane);
    if (store === undefined) {
      if (up_to >= next) this.#broken(`${side} acknowledges ${named({ lane, msg_seq: up_to })} before it is handed on`);
    } else if ((store.lane(lane)?.settled_up_to ?? -1) < up_to)
      this.#broken(`${side} acknowledges ${named({ lane, msg_seq: up_to })} before it is kept`);
    const failed = ack.failed ?? [];
    for (let msg_seq = Math.max(0, up_to - this.#view.pendingMessages(side) + 1); msg_seq <= up_to; msg_seq += 1) {
      const arrival = arrivals.get(msg_seq);
      if (arrival?.failed !== undefined && !failed.includes(msg_seq))
        this.#broken(`${side} does not name ${named({ lane, msg_seq })} as failed`);
      if (arrival !== undefined && arrival.failed === undefined && failed.includes(msg_seq))
        this.#broken(`${side} names ${named({ lane, msg_seq })} as failed, and handed it on`);
    }
  }

  #asksForFragments(side: Side, lane: Lane, ack: Acknowledgement, msg_seq: number): void {
    const key = `${msg_seq}/${laneKey(lane)}`;
    if (ack.ack_up_to !== undefined)
      this.#notFalling(side, 'ack_up_to', this.#told[side].acked_fragments, key, ack.ack_up_to);
    if (ack.missing !== undefined && ack.missing.length > 0 && !this.#told[side].last_fragment.has(key))
      this.#broken(`${side} misses fragments of ${named({ lane, msg_seq })} before their number is known`);
  }

  #asksForMessage(side: Side, lane: Lane, msg_seq: number): void {
    const arrival = this.#messages.arrival(side, { lane, msg_seq });
    if (arrival !== undefined) this.#broken(`${side} misses ${named({ lane, msg_seq })}, which it has`);
    const key = laneKey(lane);
    const seen = this.#told[side].seen.get(key) ?? -1;
    if (msg_seq > seen) this.#broken(`${side} misses ${named({ lane, msg_seq })} before a later one came`);
  }

  #notFalling(side: Side, what: string, known: Map<string, number>, key: string, value: number): void {
    const before = known.get(key) ?? -1;
    if (value < before) this.#broken(`${side} lets ${what} of ${key} fall from ${before} to ${value}`);
    raise(known, key, value);
  }
}

function isRefusal(frame: Frame): boolean {
  return hasFlag(frame, 'RST') && frame.stream_id === '0' && frame.msg_seq === 0;
}

function nothing(): Told {
  return {
    credit: new Map(),
    seen: new Map(),
    last_fragment: new Set(),
    next: new Map(),
    acked: new Map(),
    granted: new Map(),
    acked_fragments: new Map(),
    peer_pending: undefined,
    control_next: 0,
    life: 0,
    opening: new Map(),
  };
}

function raise(known: Map<string, number>, key: string, value: number): void {
  known.set(key, Math.max(known.get(key) ?? -1, value));
}

function contentOf(frame: Frame): Readonly<Record<string, unknown>> | undefined {
  const content = frame.payload?.content;
  return isWireObject(content) ? content : undefined;
}

export function acksOf(frame: Frame): readonly Acknowledgement[] {
  const acks = contentOf(frame)?.['acks'];
  return Array.isArray(acks) ? (acks as readonly Acknowledgement[]) : [];
}

function laneIn(frame: Frame, ack: Acknowledgement): Lane {
  return {
    stream_id: ack.stream_id ?? frame.stream_id,
    persona_id: ack.persona_id ?? '',
    clone_id: ack.clone_id ?? '',
  };
}
