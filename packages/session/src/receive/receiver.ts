import { type Acknowledgement, type Frame, isFragment, laneOf, Reassembler, type MessageId } from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import { messageBytes } from '../send/frames.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { Streams } from '../streams/streams.ts';
import { checkFlags } from './flags.ts';
import { failureOf, openPieces } from './pieces.ts';
import { Acks } from './acks.ts';
import { Gaps } from './gaps.ts';
import type { Arrival, LaneIn, Stream } from '../streams/stream.ts';
import type { HandOn } from './hand-on.ts';

/** What follows from what comes. */
export interface ReceiverTo {
  /** A frame was dropped (S22). */
  noRoom(): void;
  /** What was there already breaks the protocol, as it shows only now: no frame of its stream is to be refused for it. */
  violated(stream: Stream, violation: Violation): void;
}

/** A complete message costs this beside its frame, while it waits: an object for each of its parts, entries of maps. */
const WAITING_COST_BYTES = 512;

/** The other end's messages, from their first fragment until each is handed on or has failed, in the order of its lane. */
export class Receiver {
  readonly acks: Acks;
  readonly gaps: Gaps;
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #handOn: HandOn;
  readonly #to: ReceiverTo;
  #reassembler: Reassembler | undefined;
  #waiting_bytes = 0;

  constructor(core: Core, streams: Streams, handOn: HandOn, to: ReceiverTo) {
    this.#core = core;
    this.#streams = streams;
    this.#handOn = handOn;
    this.#to = to;
    this.acks = new Acks(core, () => this.#reassembler);
    this.gaps = new Gaps(
      core,
      this.acks,
      () => this.#reassembler,
      (lane, msg_seq, why) => this.#giveUp(lane, msg_seq, why),
    );
    handOn.acks = this.acks;
  }

  /** A message or a fragment of one, on a stream that is open. */
  message(stream: Stream, frame: Frame, bytes: number): void {
    const lane = this.#streams.laneIn(stream, laneOf(frame));
    const { msg_seq } = frame;
    if (lane === undefined) {
      this.#drop();
      return;
    }
    if (lane.has(msg_seq)) {
      this.#known(lane, msg_seq);
      return;
    }
    checkFlags(lane, frame);
    if (stream.in_ended) throw new Violation('A message came behind the last one of its stream.');
    if (msg_seq > lane.credit || !this.#hasRoom(lane, msg_seq, bytes)) {
      this.acks.now(lane);
      this.#drop();
      return;
    }
    if (isFragment(frame)) this.#fragment(lane, frame, bytes);
    else this.#arrived(lane, msg_seq, { frame, bytes: bytes + WAITING_COST_BYTES });
  }

  #drop(): void {
    this.#core.counts.dropped += 1;
    this.#to.noRoom();
  }

  /** What is kept of messages that cannot be handed on yet. */
  get held(): { readonly messages: number; readonly bytes: number } {
    let messages = this.#reassembler?.open_messages ?? 0;
    for (const lane of this.#streams.lanesIn()) messages += lane.waiting?.size ?? 0;
    return { messages, bytes: this.#waiting_bytes + (this.#reassembler?.buffered_bytes ?? 0) };
  }

  /** A message or fragment that is there already, or came too late: its acknowledgement was lost, perhaps. */
  #known(lane: LaneIn, msg_seq: number): void {
    const is_late = (lane.failed?.includes(msg_seq) ?? false) || lane.waiting?.get(msg_seq)?.failed !== undefined;
    this.#core.counts[is_late ? 'late' : 'duplicates'] += 1;
    this.acks.now(lane);
  }

  /** What comes next can always be taken: it does not wait. */
  #hasRoom(lane: LaneIn, msg_seq: number, bytes: number): boolean {
    if (isNext(lane, msg_seq)) return true;
    if (this.#waiting_bytes + bytes + WAITING_COST_BYTES > this.#core.limits.waiting_bytes) return false;
    return this.gaps.hasRoom(lane, msg_seq);
  }

  #fragment(lane: LaneIn, frame: Frame, frame_bytes: number): void {
    const { t, options, journal } = this.#core;
    this.#reassembler ??= new Reassembler(options.ports.digests, options.reassembly);
    const id: MessageId = { lane: lane.lane, msg_seq: frame.msg_seq };
    let fragments = 0;
    for (const effect of this.#reassembler.handle({ type: 'fragment', frame, frame_bytes, now_ms: t })) {
      switch (effect.type) {
        case 'stored':
          fragments = effect.ack_up_to + 1;
          this.#stored(lane, id, frame, effect.ack_up_to);
          break;
        case 'complete':
          this.#arrived(lane, id.msg_seq, this.#assembled(lane, effect.frame, fragments));
          break;
        case 'failed':
          this.fail(lane, id.msg_seq, failureOf(effect.fault));
          break;
        case 'refused':
          this.#drop();
          break;
        case 'bad_fragment':
          // As the next one of its lane it was let in, and its gap must have room like any other.
          if (!this.gaps.hasRoom(lane, id.msg_seq)) {
            this.#drop();
            break;
          }
          this.gaps.open(lane, id.msg_seq);
          this.gaps.ask(lane, id.msg_seq, [effect.frag_seq]);
          break;
        case 'duplicate':
        case 'late':
          this.#core.counts.duplicates += 1;
          this.#progress(lane, id.msg_seq, this.#reassembler.ackUpTo(id) ?? -1, !journal.waits);
          this.acks.now(lane);
          break;
      }
    }
  }

  #assembled(lane: LaneIn, frame: Frame, fragments: number): Arrival {
    const { t } = this.#core;
    const since_t = lane.gaps?.find(frame.msg_seq)?.since_t ?? t;
    return { frame, bytes: messageBytes(frame), assembled: { fragments, ms: t - since_t } };
  }

  #stored(lane: LaneIn, id: MessageId, frame: Frame, ack_up_to: number): void {
    const { msg_seq } = id;
    this.gaps.open(lane, msg_seq).in_pieces = true;
    const { journal } = this.#core;
    if (!journal.durable) {
      this.#progress(lane, msg_seq, ack_up_to, true);
      return;
    }
    journal.change({ put: 'piece', frame });
    journal.hold(() => this.#progress(lane, msg_seq, ack_up_to, true));
  }

  /** Fragments to acknowledge, unless the message has ended meanwhile. */
  #progress(lane: LaneIn, msg_seq: number, ack_up_to: number, is_saved: boolean): void {
    if (!is_saved || msg_seq <= lane.arrived) return;
    lane.pieces ??= new Map();
    lane.pieces.set(msg_seq, Math.max(ack_up_to, lane.pieces.get(msg_seq) ?? -1));
    this.acks.soon(lane, 1);
  }

  /** A whole message: handed on when it is the next one of its lane, else it waits. */
  #arrived(lane: LaneIn, msg_seq: number, arrival: Arrival): void {
    // It may have come in pieces and as a whole: of what is decided no pieces are kept.
    if (lane.gaps?.find(msg_seq)?.in_pieces)
      this.#reassembler?.handle({ type: 'give_up', id: { lane: lane.lane, msg_seq } });
    this.gaps.close(lane, msg_seq);
    if (isNext(lane, msg_seq)) {
      if (msg_seq > lane.highest) lane.highest = msg_seq;
      this.#advance(lane, msg_seq, arrival);
      this.#drain(lane);
      return;
    }
    this.gaps.reach(lane, msg_seq);
    lane.wait(msg_seq, arrival);
    this.#waits(arrival, 1);
  }

  /** It waits, or does so no longer (−1). */
  #waits(arrival: Arrival, by: 1 | -1): void {
    if (arrival.failed === undefined) this.#waiting_bytes += by * arrival.bytes;
    else this.gaps.failed(by);
  }

  /** A message of the past: the frame that may be at hand has nothing to do with what follows. */
  #giveUp(lane: LaneIn, msg_seq: number, why: FailureReason): void {
    try {
      this.fail(lane, msg_seq, why);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#to.violated(lane.stream, error);
    }
  }

  /** It will not be handed on, whatever still comes of it. */
  fail(lane: LaneIn, msg_seq: number, failed: FailureReason): void {
    if (lane.gaps?.find(msg_seq)?.in_pieces)
      this.#core.journal.change({ drop: 'pieces', id: { lane: lane.lane, msg_seq } });
    lane.pieces?.delete(msg_seq);
    this.#arrived(lane, msg_seq, { failed });
    this.acks.now(lane);
  }

  #drain(lane: LaneIn): void {
    if (!lane.may_advance) return;
    for (let arrival = lane.take(lane.arrived + 1); arrival !== undefined; arrival = lane.take(lane.arrived + 1)) {
      this.#waits(arrival, -1);
      this.#advance(lane, lane.arrived + 1, arrival);
    }
  }

  #advance(lane: LaneIn, msg_seq: number, arrival: Arrival): void {
    lane.arrived = msg_seq;
    lane.pieces?.delete(msg_seq);
    const { stream } = lane;
    const opens = lane.is_main && msg_seq === 0 && !stream.opened;
    this.#handOn.handOn(lane, msg_seq, arrival, opens);
    if (!opens) return;
    stream.opened = true;
    for (const beside of stream.lanesIn()) if (beside !== lane) this.#drain(beside);
  }

  /** The other end gave messages up: what has not arrived completely has failed (S13). */
  withdrawn(ack: Acknowledgement, stream: Stream): void {
    const { stream_id = SESSION_STREAM, persona_id = '', clone_id = '', withdrawn = [] } = ack;
    const lane = this.#streams.laneIn(stream, { stream_id, persona_id, clone_id });
    if (lane === undefined) {
      // There was no room in all the time: if it went on like this, nothing would free the lanes of the other streams.
      this.#to.violated(stream, new Violation('The session has too many lanes.', { code: 'EWINDOW' }));
      return;
    }
    for (const msg_seq of withdrawn) {
      if (msg_seq > lane.credit || lane.has(msg_seq)) continue;
      if (!isNext(lane, msg_seq) && !this.gaps.hasRoom(lane, msg_seq)) {
        this.#drop();
        break;
      }
      this.gaps.reach(lane, msg_seq);
      this.#giveUp(lane, msg_seq, 'expired');
      if (stream.is_over) return;
    }
    this.acks.now(lane);
  }

  /** Its place is free for another message. */
  consumed(id: MessageId): void {
    const { journal, limits } = this.#core;
    journal.consumed(id);
    const lane = this.#streams.findIn(id.lane);
    if (lane?.held?.delete(id.msg_seq) !== true) return;
    const credit = lane.credit_when_saved;
    if (journal.durable) {
      this.#handOn.touch(lane);
      journal.hold(() => this.#grant(lane, credit, limits.pending_messages));
    } else this.#grant(lane, credit, limits.pending_messages);
  }

  #grant(lane: LaneIn, credit: number, pending: number): void {
    lane.grant(credit);
    // While there is room for half, the next acknowledgement of a message is soon enough.
    if (lane.credit > lane.told_credit && lane.told_credit - lane.highest <= pending / 2) this.acks.soon(lane, 0);
  }

  /** What is kept of incomplete messages, as the fragments that came. */
  pieces(): readonly Frame[] {
    const { session_id } = this.#core.options;
    return (this.#reassembler?.snapshot().open ?? []).flatMap((open) => openPieces(session_id, open));
  }

  /** A fragment that a predecessor kept. */
  restorePiece(frame: Frame): void {
    const stream = this.#streams.open.get(frame.stream_id);
    const lane = stream && this.#streams.laneIn(stream, laneOf(frame));
    const content = frame.payload?.content;
    // No more than it counted when it came: all of them had room.
    const bytes = typeof content === 'string' || content instanceof Uint8Array ? content.length : 0;
    if (lane !== undefined && !lane.has(frame.msg_seq)) this.#fragment(lane, frame, bytes);
  }

  /** The stream is over: nothing of it is kept. */
  abandon(stream: Stream): void {
    for (const lane of stream.lanesIn()) {
      this.acks.drop(lane);
      for (const arrival of lane.waiting?.values() ?? []) this.#waits(arrival, -1);
      lane.waiting = undefined;
      for (const { from, in_pieces } of lane.gaps?.ranges ?? [])
        if (in_pieces) this.#reassembler?.handle({ type: 'give_up', id: { lane: lane.lane, msg_seq: from } });
      this.gaps.forget(lane);
    }
  }
}

/** Whether it is the one that is to be handed on. */
function isNext(lane: LaneIn, msg_seq: number): boolean {
  return msg_seq === lane.arrived + 1 && lane.may_advance;
}
