import type { SessionSnapshot, StoredArrival, StoredLane, StoredStream } from '../contract.ts';
import type { Engine } from '../engine.ts';
import { messageBytes, messageFrames } from '../send/frames.ts';
import { isOwnStatus } from '../send/own-status.ts';
import { lingerStored } from './stored.ts';
import { FRESH } from '../send/out-message.ts';
import { isMainLane, SESSION_STREAM } from '../streams/numbers.ts';
import { Stream } from '../streams/stream.ts';
import type { Streams } from '../streams/streams.ts';

/** Makes a fresh session what its predecessor was, without a connection. What the inbox has is delivered again. */
export function restoreEngine(engine: Engine, snapshot: SessionSnapshot): void {
  const { session, numbers, unseen, resets, inbox, outbox, pieces } = snapshot;
  const { core, store, streams, link } = engine;
  core.agreed = session.agreed;
  store.restoreNumbers(session.control_seq);
  core.own_window = session.own_window;
  core.peer_window = session.peer_window;
  core.peer_pending = session.peer_pending_messages;
  store.tokens = session.tokens;
  store.token = session.token;
  store.syn = session.syn;
  store.resume_seq = session.resume_seq ?? -1;
  store.peer_status = session.peer_status;
  store.window_seq = session.peer_window_seq ?? -1;
  engine.status.restore(session.own_status);
  if (numbers !== undefined) {
    streams.own.next = numbers.next_stream;
    streams.peer.restore(numbers.peer_next_stream, unseen);
  }
  for (const reset of resets) engine.resets.restore(reset);
  restoreStreams(engine, snapshot);
  // Nothing is opened behind the end of the session.
  if (streams.zero.ended) engine.finishing = true;
  restoreOutbox(engine, outbox);
  restoreLingering(engine);
  core.journal.touch(store);
  if (core.agreed !== undefined) link.lose();
  for (const arrival of inOrder(inbox)) handOnAgain(engine, arrival);
  for (const frame of pieces) engine.receiver.restorePiece(frame);
}

/** The application may not have heard of it. */
function handOnAgain({ core, streams }: Engine, arrival: StoredArrival): void {
  const { id } = arrival;
  const { stream_id } = id.lane;
  core.journal.restored(arrival);
  const opens = id.msg_seq === 0 && isMainLane(id.lane) && streams.peerNumber(stream_id) !== undefined;
  if (opens) core.emit({ type: 'stream_opened', stream_id });
  if ('failed' in arrival) {
    core.emit({ type: 'failed', way: 'in', id, reason: arrival.failed, again: true });
    return;
  }
  streams.findIn(id.lane)?.hold(id.msg_seq);
  core.emit({ type: 'deliver', ...arrival, again: true });
}

type Inbox = SessionSnapshot['inbox'];

/** By lane; what opens a stream first. */
function inOrder(inbox: Inbox): Inbox {
  const rank = ({ id }: Inbox[number]): number => (isMainLane(id.lane) ? 0 : 1);
  return [...inbox].sort((left, right) => rank(left) - rank(right) || left.id.msg_seq - right.id.msg_seq);
}

/** In the order of their numbers: of those that linger, the oldest is forgotten first. */
function restoreStreams({ core, streams }: Engine, { streams: kept, lanes }: SessionSnapshot): void {
  for (const { stream_id, sent_fin, got_fin } of [...kept].sort(byNumber)) {
    const is_own = Number(stream_id) % 2 === streams.own.next % 2;
    const stream = stream_id === SESSION_STREAM ? streams.zero : new Stream(stream_id, is_own);
    if (stream !== streams.zero) streams.add(stream);
    stream.ended = sent_fin;
    stream.out_done = sent_fin;
    stream.in_ended = got_fin;
    stream.in_done = got_fin;
  }
  for (const value of lanes) {
    const stream = streams.open.get(value.lane.stream_id);
    if (stream === undefined) continue;
    // Of a lane in which this end alone has spoken, the other way is not there yet.
    if (value.settled_up_to >= 0 || value.credit >= core.limits.pending_messages) restoreIn(streams, stream, value);
    const to = streams.laneOut(stream, value.lane);
    to.next_seq = value.next_seq;
    to.unsent = value.next_seq;
    to.withdrawn = value.next_seq;
    to.released = value.next_seq - 1;
    to.credit = Math.max(to.credit, value.peer_credit);
  }
}

function restoreIn(streams: Streams, stream: Stream, { lane, settled_up_to, failed, credit }: StoredLane): void {
  const from = streams.keptLane(stream, lane);
  from.arrived = settled_up_to;
  from.settled = settled_up_to;
  from.highest = settled_up_to;
  from.failed = failed.length > 0 ? [...failed] : undefined;
  from.credit = credit;
  from.told_credit = credit;
  if (from.is_main && from.arrived >= 0) stream.opened = true;
}

function byNumber(left: StoredStream, right: StoredStream): number {
  return Number(left.stream_id) - Number(right.stream_id);
}

function restoreOutbox({ core, streams, sender }: Engine, outbox: SessionSnapshot['outbox']): void {
  for (const { id, message, fin } of [...outbox].sort((left, right) => left.id.msg_seq - right.id.msg_seq)) {
    const stream = streams.open.get(id.lane.stream_id);
    if (stream === undefined) continue;
    const lane = streams.laneOut(stream, id.lane);
    const frames = messageFrames(core.options, lane, id.msg_seq, message, fin);
    const is_status = isOwnStatus(stream.id, message);
    const internal = is_status || (fin && message.payload === undefined && stream === streams.zero);
    if (lane.size === 0) {
      lane.unsent = id.msg_seq;
      lane.withdrawn = id.msg_seq;
    }
    // It may have been sent: an acknowledgement may come for it.
    const bytes = internal && fin ? 0 : messageBytes(message);
    sender.queue(lane, {
      ...FRESH,
      msg_seq: id.msg_seq,
      message,
      fin,
      internal,
      bytes,
      frames,
      sends: 1,
      first_t: core.live.now,
    });
    if (fin) stream.out_done = false;
  }
}

/** Streams that were closed and are remembered for their failed messages, or were about to be closed. */
function restoreLingering({ core, streams }: Engine): void {
  for (const stream of [...streams.open.values()]) {
    if (stream === streams.zero || !stream.ended || !stream.out_done || !stream.in_done) continue;
    streams.remove(stream);
    stream.is_over = true;
    lingerStored(core, streams, stream);
  }
}
