import {
  type Acknowledgement,
  type Frame,
  hasFlag,
  isFragment,
  laneOf,
  Reassembler,
  type MessageFault,
  type MessageId,
} from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import { messageBytes } from '../send/frames.ts';
import type { Stream } from '../streams/stream.ts';
import type { Streams } from '../streams/streams.ts';
import { openPieces } from './pieces.ts';
import { Acks } from './acks.ts';
import { Gaps } from './gaps.ts';
import type { Arrival, LaneIn } from '../streams/stream.ts';
import type { HandOn } from './hand-on.ts';

/** The other end's messages, from their first fragment until each is handed on or has failed, in the order of its lane. */
export class Receiver {
  readonly acks: Acks;
  readonly gaps: Gaps;
  readonly #core: Core;
  readonly #streams: Streams;
  readonly #handOn: HandOn;
  readonly #noRoom: () => void;
  #reassembler: Reassembler | undefined;
  #waiting_bytes = 0;

  constructor(core: Core, streams: Streams, handOn: HandOn, noRoom: () => void) {
    this.#core = core;
    this.#streams = streams;
    this.#handOn = handOn;
    this.#noRoom = noRoom;
    this.acks = new Acks(core, () => this.#reassembler);
    this.gaps = new Gaps(
      core,
      this.acks,
      () => this.#reassembler,
      (lane, msg_seq, why) => this.fail(lane, msg_seq, why),
    );
    handOn.acks = this.acks;
  }

  /** A message or a fragment of one, on a stream that is open. */
  message(stream: Stream, frame: Frame, bytes: number): void {
    const lane = this.#streams.laneIn(stream, laneOf(frame));
    const { msg_seq } = frame;
    if (lane.has(msg_seq)) {
      this.#known(lane, msg_seq);
      return;
    }
    checkFlags(lane, frame);
    if (stream.in_ended) throw new Violation('A message came behind the last one of its stream.');
    if (msg_seq > lane.credit || !this.#hasRoom(lane, msg_seq, bytes)) {
      this.#core.counts.dropped += 1;
      this.acks.now(lane);
      this.#noRoom();
      return;
    }
    if (isFragment(frame)) this.#fragment(lane, frame, bytes);
    else this.#arrived(lane, msg_seq, { frame, bytes });
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
    if (msg_seq === lane.arrived + 1 && lane.may_advance) return true;
    return this.#waiting_bytes + bytes <= this.#core.limits.waiting_bytes;
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
          this.#core.counts.dropped += 1;
          this.#noRoom();
          break;
        case 'bad_fragment':
          lane.reach(id.msg_seq, this.#core);
          this.gaps.open(lane, id.msg_seq);
          lane.asked ??= new Map();
          lane.asked.set(id.msg_seq, [effect.frag_seq]);
          this.acks.now(lane);
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
    const since_t = lane.gaps?.get(frame.msg_seq)?.since_t ?? t;
    return { frame, bytes: messageBytes(frame), assembled: { fragments, ms: t - since_t } };
  }

  #stored(lane: LaneIn, id: MessageId, frame: Frame, ack_up_to: number): void {
    const { msg_seq } = id;
    lane.reach(msg_seq, this.#core);
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
    this.gaps.close(lane, msg_seq);
    if (msg_seq === lane.arrived + 1 && lane.may_advance) {
      if (msg_seq > lane.highest) lane.highest = msg_seq;
      this.#advance(lane, msg_seq, arrival);
      this.#drain(lane);
      return;
    }
    lane.reach(msg_seq, this.#core);
    this.gaps.watch(lane);
    lane.wait(msg_seq, arrival);
    if (arrival.failed === undefined) this.#waiting_bytes += arrival.bytes;
  }

  /** It will not be handed on, whatever still comes of it. */
  fail(lane: LaneIn, msg_seq: number, failed: FailureReason): void {
    const was = lane.gaps?.get(msg_seq);
    if (was?.in_pieces) {
      const id = { lane: lane.lane, msg_seq };
      this.#reassembler?.handle({ type: 'give_up', id });
      this.#core.journal.change({ drop: 'pieces', id });
    }
    lane.pieces?.delete(msg_seq);
    this.#arrived(lane, msg_seq, { failed });
    this.acks.now(lane);
  }

  #drain(lane: LaneIn): void {
    if (!lane.may_advance) return;
    for (let arrival = lane.take(lane.arrived + 1); arrival !== undefined; arrival = lane.take(lane.arrived + 1)) {
      if (arrival.failed === undefined) this.#waiting_bytes -= arrival.bytes;
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
    const { stream_id = '0', persona_id = '', clone_id = '', withdrawn = [] } = ack;
    const lane = this.#streams.laneIn(stream, { stream_id, persona_id, clone_id });
    for (const msg_seq of withdrawn) {
      if (msg_seq > lane.credit || lane.has(msg_seq)) continue;
      lane.reach(msg_seq, this.#core);
      this.gaps.watch(lane);
      this.fail(lane, msg_seq, 'expired');
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
    return (this.#reassembler?.snapshot().open ?? []).flatMap((open) =>
      openPieces(this.#core.options.session_id, open),
    );
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
      for (const arrival of lane.waiting?.values() ?? [])
        if (arrival.failed === undefined) this.#waiting_bytes -= arrival.bytes;
      lane.waiting = undefined;
      for (const [msg_seq, { in_pieces }] of lane.gaps ?? [])
        if (in_pieces) this.#reassembler?.handle({ type: 'give_up', id: { lane: lane.lane, msg_seq } });
      this.gaps.forget(lane);
    }
  }
}

function failureOf(fault: MessageFault): FailureReason {
  return fault === 'too_large' || fault === 'too_many_fragments' ? 'too_large' : 'corrupt';
}

/** `SYN` and `FIN` only where they mean something. Of a fragment only the first one has them. */
function checkFlags(lane: LaneIn, frame: Frame): void {
  if (frame.flags === undefined || (frame.frag_seq ?? 0) > 0) {
    if (frame.flags === undefined && lane.is_main && frame.msg_seq === 0 && !lane.stream.opened && !isFragment(frame))
      throw new Violation('The first message of a stream does not have SYN.');
    return;
  }
  const opens = lane.is_main && frame.msg_seq === 0 && !lane.stream.own;
  if (hasFlag(frame, 'SYN') !== opens) throw new Violation('SYN is on the first message of a stream, and on no other.');
  if (hasFlag(frame, 'FIN') && !lane.is_main) throw new Violation('FIN is on a message with a persona or clone.');
}
