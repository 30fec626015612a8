import { type Frame, laneKey, type Lane, type MessageId } from '@atp-router/wire';
import type { FailureReason, Outgoing } from '../contract.ts';
import { sameMessage } from './content.ts';
import { otherSide, SIDES, type Side } from './network.ts';
import type { VirtualTime } from './time.ts';

export type Outcome = 'acknowledged' | FailureReason;

/** A message that a session has taken, and what became of it at its sender. */
export interface Sent {
  readonly side: Side;
  readonly id: MessageId;
  readonly message: Outgoing;
  readonly fin: boolean;
  /** Made by the session itself, in place of an end that failed: nobody is told what becomes of it. */
  readonly internal: boolean;
  readonly at_ms: number;
  /** For how long both ends had heard the other so far when it was taken. */
  readonly heard_ms: Readonly<Record<Side, number>>;
  outcome?: Outcome;
  outcome_life?: number;
  /** Its sender crashed before it was kept: nothing is owed to it, if nothing of it was seen either. */
  gone?: boolean;
}

/** What became of one message of the other end. */
export interface Arrival {
  /** Hand-overs without `again`. */
  fresh: number;
  last_life: number;
  failed?: FailureReason;
  consumed: boolean;
}

export interface ArrivingLane {
  /** The first number that was neither handed on nor reported as failed, ever. */
  next: number;
  /** Below it everything is consumed or failed. */
  done: number;
  readonly arrivals: Map<number, Arrival>;
  /** Highest number in the present life of the end. */
  last: number;
  life: number;
}

/** What is to be known of the ends while messages are judged. */
export interface EndsView {
  readonly time: VirtualTime;
  /** How often an end has started. */
  life(side: Side): number;
  /** How many messages of a lane it takes before the first is consumed. */
  pendingMessages(side: Side): number;
  /** For how long everything has gone well on one connection. */
  goodMs(): number;
  /** Whether an end takes what comes without ever being full. */
  hasRoom(side: Side): boolean;
  /** Time for which an end had a connection on which it heard the other. */
  heardMs(side: Side): number;
  /** Somebody aborted the stream, or the session. */
  aborted(stream_id: string): boolean;
  /** The session of an end ended without a connection, or with its refusal, or its process with it. */
  cutOff(side: Side): boolean;
}

/** Less than the protocol's 30 s by what clocks drift and a round trip takes. */
const LIFETIME_MS_MIN = 28_000;
/** Longer than the longest retransmission time with its spread: on a good way nothing fails after that. */
const RESENT_MS = 15_000;

/** Every message of both ends, and what the two said of it. */
export class MessageBook {
  readonly #view: EndsView;
  readonly #broken: (what: string) => void;
  readonly #sent: Record<Side, Map<string, Map<number, Sent>>> = { client: new Map(), server: new Map() };
  readonly #arriving: Record<Side, Map<string, ArrivingLane>> = { client: new Map(), server: new Map() };
  readonly open: Record<Side, number> = { client: 0, server: 0 };
  handed_on = 0;

  constructor(view: EndsView, broken: (what: string) => void) {
    this.#view = view;
    this.#broken = broken;
  }

  sent(side: Side, id: MessageId): Sent | undefined {
    return this.#sent[side].get(laneKey(id.lane))?.get(id.msg_seq);
  }

  *allSent(side: Side): Generator<Sent> {
    for (const lane of this.#sent[side].values()) yield* lane.values();
  }

  #lane(side: Side, lane: Lane): ArrivingLane {
    const key = laneKey(lane);
    const known = this.#arriving[side].get(key) ?? { next: 0, done: 0, arrivals: new Map(), last: -1, life: 0 };
    this.#arriving[side].set(key, known);
    return known;
  }

  arriving(side: Side, lane: Lane): ArrivingLane {
    const known = this.#lane(side, lane);
    known.next = this.#pastSilent(side, lane, known.next);
    this.#settleDone(side, lane, known);
    return known;
  }

  /** The side that hands on, and the message as it was sent. */
  arrival(side: Side, id: MessageId): Arrival | undefined {
    return this.arriving(side, id.lane).arrivals.get(id.msg_seq);
  }

  took(side: Side, id: MessageId, message: Outgoing, fin: boolean, internal = false): void {
    const key = laneKey(id.lane);
    const lane = this.#sent[side].get(key) ?? new Map<number, Sent>();
    this.#sent[side].set(key, lane);
    const before = lane.get(id.msg_seq);
    if (before !== undefined && before.gone !== true) this.#broken(`${side} numbers ${named(id)} twice`);
    if (before?.gone === true) this.#givenAgain(side, id);
    const heard_ms = { client: this.#view.heardMs('client'), server: this.#view.heardMs('server') };
    lane.set(id.msg_seq, { side, id, message, fin, internal, at_ms: this.#view.time.now_ms, heard_ms });
    if (!internal) this.open[side] += 1;
  }

  /** A number that was given to a message that a crash took. */
  #givenAgain(side: Side, id: MessageId): void {
    if (this.arrival(otherSide(side), id) !== undefined) {
      this.#broken(`${side} gives ${named(id)} again, which the other end had from before its crash`);
      return;
    }
    const lane = this.#lane(otherSide(side), id.lane);
    lane.next = Math.min(lane.next, id.msg_seq);
    lane.done = Math.min(lane.done, id.msg_seq);
  }

  /** Forgets what a crash took before it was kept. */
  lose(sent: Sent): void {
    if (sent.outcome === undefined && !sent.internal) this.open[sent.side] -= 1;
    sent.gone = true;
  }

  deliver(side: Side, id: MessageId, frame: Frame, fin: boolean, again: boolean): void {
    const sent = this.sent(otherSide(side), id);
    this.handed_on += 1;
    if (sent === undefined) this.#broken(`${side} hands on ${named(id)}, which nobody sent`);
    else if (!sameMessage(frame, sent.message) || fin !== sent.fin)
      this.#broken(`${side} hands on ${named(id)} other than it was sent`);
    const lane = this.arriving(side, id.lane);
    const known = lane.arrivals.get(id.msg_seq);
    const life = this.#view.life(side);
    this.#inOrder(side, lane, id, known);
    if (known?.failed !== undefined && known.last_life === life)
      this.#broken(`${side} hands on ${named(id)}, which it reported as failed`);
    if (known !== undefined && known.last_life === life) this.#broken(`${side} hands on ${named(id)} twice`);
    if (known !== undefined && known.fresh > 0 && !again)
      this.#broken(`${side} hands on ${named(id)} twice, and does not say that it is again`);
    if (id.msg_seq >= this.arriving(side, id.lane).done + this.#view.pendingMessages(side))
      this.#broken(`${side} hands on ${named(id)} and is beyond what it takes of a lane`);
    if (again && life === 0) this.#broken(`${side} says of ${named(id)} that it is again, and was never restarted`);
    const fresh = (known?.fresh ?? 0) + (again ? 0 : 1);
    lane.arrivals.set(id.msg_seq, { fresh, last_life: life, consumed: known?.consumed ?? false });
  }

  consumed(side: Side, id: MessageId): void {
    const lane = this.arriving(side, id.lane);
    const known = lane.arrivals.get(id.msg_seq);
    if (known !== undefined) known.consumed = true;
    this.#settleDone(side, id.lane, lane);
  }

  failedIn(side: Side, id: MessageId, reason: FailureReason): void {
    const lane = this.arriving(side, id.lane);
    const known = lane.arrivals.get(id.msg_seq);
    this.#inOrder(side, lane, id, known);
    if (known !== undefined && known.last_life === this.#view.life(side))
      this.#broken(
        `${side} reports ${named(id)} as failed after it was ${known.failed === undefined ? 'handed on' : 'reported'}`,
      );
    if (reason === 'in_doubt') this.#broken(`${side} is in doubt about ${named(id)}, which it receives`);
    const last_life = this.#view.life(side);
    lane.arrivals.set(id.msg_seq, {
      fresh: 0,
      ...known,
      last_life,
      failed: reason,
      consumed: known?.consumed ?? false,
    });
    this.#settleDone(side, id.lane, lane);
  }

  /** Messages that the receiving session keeps to itself have no place in what it hands on. */
  #pastSilent(side: Side, lane: Lane, msg_seq: number): number {
    let at = msg_seq;
    if (lane.stream_id === '0') while (isSilent(this.sent(otherSide(side), { lane, msg_seq: at }))) at += 1;
    return at;
  }

  /** A lane goes on by one; after a restart it may begin again at what was not consumed. */
  #inOrder(side: Side, lane: ArrivingLane, { msg_seq, ...id }: MessageId, known: Arrival | undefined): void {
    const life = this.#view.life(side);
    if (lane.life !== life) {
      lane.life = life;
      lane.last = -1;
    }
    const where = named({ msg_seq, ...id });
    lane.next = this.#pastSilent(side, id.lane, lane.next);
    if (msg_seq <= lane.last) this.#broken(`${side} goes back to ${where}`);
    if (msg_seq > lane.next) this.#broken(`${side} leaves out ${lane.next} before ${where}`);
    if (msg_seq < lane.next && known === undefined && !isSilent(this.sent(otherSide(side), { msg_seq, ...id })))
      this.#broken(`${side} comes to ${where} too late`);
    lane.last = msg_seq;
    lane.next = this.#pastSilent(side, id.lane, Math.max(lane.next, msg_seq + 1));
  }

  #settleDone(side: Side, at: Lane, lane: ArrivingLane): void {
    for (;;) {
      lane.done = this.#pastSilent(side, at, lane.done);
      const next = lane.arrivals.get(lane.done);
      if (next === undefined || !(next.consumed || next.failed !== undefined)) return;
      lane.done += 1;
    }
  }

  settled(side: Side, id: MessageId, outcome: Outcome): void {
    const sent = this.sent(side, id);
    if (sent === undefined || sent.gone === true) {
      this.#broken(`${side} reports ${named(id)} as ${outcome}, which it never took`);
      return;
    }
    const life = this.#view.life(side);
    if (sent.outcome !== undefined && sent.outcome_life === life)
      this.#broken(`${side} reports ${named(id)} as ${outcome} after ${sent.outcome}`);
    if (sent.outcome === undefined) this.open[side] -= 1;
    this.#outcomeFits(sent, outcome);
    sent.outcome = outcome;
    sent.outcome_life = life;
  }

  #outcomeFits(sent: Sent, outcome: Outcome): void {
    const { side, id } = sent;
    const before = sent.outcome;
    if (before === 'acknowledged' && (outcome === 'expired' || outcome === 'corrupt'))
      this.#broken(`${side} changes its mind about ${named(id)}: ${before}, then ${outcome}`);
    // An abort that was not kept did not happen.
    const undone = this.#view.aborted(id.lane.stream_id);
    if ((before === 'expired' || before === 'corrupt') && outcome === 'acknowledged' && !undone)
      this.#broken(`${side} changes its mind about ${named(id)}: ${before}, then ${outcome}`);
    if (outcome === 'in_doubt' && !this.#view.cutOff(side))
      this.#broken(`${side} is in doubt about ${named(id)}, and its session did not end without a connection`);
    if (outcome === 'reset' && !this.#view.aborted(id.lane.stream_id))
      this.#broken(`${side} reports ${named(id)} as reset, and nobody aborted anything`);
    // What was never sent is not in doubt when a stream or a session ends.
    const ended = this.#view.aborted(id.lane.stream_id) || this.#view.cutOff(side);
    if (outcome === 'expired' && !ended) {
      // Either end may have given it up, and each counts only while it hears the other (S42).
      const age_ms = Math.max(...SIDES.map((end) => this.#view.heardMs(end) - sent.heard_ms[end]));
      const good_ms = Math.min(this.#view.goodMs(), this.#view.time.now_ms - sent.at_ms);
      if (good_ms > RESENT_MS && this.#view.hasRoom(otherSide(side)))
        this.#broken(`${side} gives up ${named(id)} on a way that has been good for ${Math.round(good_ms)} ms`);
      if (age_ms < LIFETIME_MS_MIN) this.#broken(`${side} gives up ${named(id)} after ${Math.round(age_ms)} ms`);
    }
  }
}

/** What an agent says of its status, and the end of the session. */
export function isSilent(sent: Sent | undefined): boolean {
  if (sent === undefined || sent.gone === true) return false;
  return sent.message.payload === undefined ? sent.fin : sent.message.payload.type === 'control.status';
}

export function named({ lane, msg_seq }: MessageId): string {
  const names = lane.persona_id === '' ? '' : `/${lane.persona_id}/${lane.clone_id}`;
  return `${lane.stream_id}${names}#${msg_seq}`;
}
