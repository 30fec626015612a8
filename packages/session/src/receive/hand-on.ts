import { type Frame, hasFlag, type StatusContent } from '@atp-router/wire';
import type { Assembled, FailureReason } from '../contract.ts';
import { type Core, Violation } from '../core.ts';
import { storedLane } from '../durable/stored.ts';
import { SESSION_STREAM } from '../streams/numbers.ts';
import type { Stream } from '../streams/stream.ts';
import type { Acks } from './acks.ts';
import type { Arrival, LaneIn } from '../streams/stream.ts';

/** What of the session itself a message changes. */
export interface HandOnTo {
  /** The last message of the stream has come. */
  last(stream: Stream): void;
  /** It was handed on: the other end has ended its side of the stream. */
  ended(stream: Stream): void;
  /** `control.status` on the session's own stream. */
  status(content: StatusContent): void;
}

interface Settled {
  readonly frame: Frame;
  readonly fin: boolean;
  readonly opens: boolean;
  readonly for_session: boolean;
  readonly assembled: Assembled | undefined;
}

/** The last step of a message that came: to the application, or to the session itself; acknowledged once it is safe. */
export class HandOn {
  acks: Acks | undefined;
  readonly #core: Core;
  readonly #to: HandOnTo;

  constructor(core: Core, to: HandOnTo) {
    this.#core = core;
    this.#to = to;
  }

  /** The next message of its lane, in order. `opens`: it opens its stream, whether it arrived or failed. */
  handOn(lane: LaneIn, msg_seq: number, arrival: Arrival, opens: boolean): void {
    if (arrival.failed !== undefined) {
      lane.fail(msg_seq);
      this.#core.journal.received({ id: { lane: lane.lane, msg_seq }, failed: arrival.failed });
      const credit = lane.credit_when_saved;
      this.#whenSaved(lane, () => {
        lane.grant(credit);
        this.#failed(lane, msg_seq, arrival.failed, opens);
      });
      return;
    }
    const { frame, assembled } = arrival;
    const fin = hasFlag(frame, 'FIN') && lane.is_main;
    if (fin && lane.highest > msg_seq) throw new Violation('Messages came behind the last one of their stream.');
    this.#checkLoop(lane, frame);
    const { journal } = this.#core;
    const for_session = isForSession(lane.stream, frame, fin);
    if (fin) this.#to.last(lane.stream);
    if (for_session && frame.payload !== undefined) this.#to.status(frame.payload.content as StatusContent);
    if (!for_session) lane.hold(msg_seq);
    const credit = lane.credit_when_saved;
    if (!journal.durable) {
      lane.grant(credit);
      this.#settled(lane, msg_seq, { frame, fin, opens, for_session, assembled });
      return;
    }
    const id = { lane: lane.lane, msg_seq };
    if (!for_session) journal.received({ id, frame, fin });
    journal.change({ drop: 'pieces', id });
    this.#whenSaved(lane, () => {
      lane.grant(credit);
      this.#settled(lane, msg_seq, { frame, fin, opens, for_session, assembled });
    });
  }

  touch(lane: LaneIn): void {
    this.#core.journal.touch(storedLane(this.#core, lane.stream, lane.lane));
  }

  #whenSaved(lane: LaneIn, run: () => void): void {
    if (!this.#core.journal.durable) {
      run();
      return;
    }
    this.touch(lane);
    // A stream that was aborted meanwhile brings nothing any more.
    this.#core.journal.hold(() => {
      if (!lane.stream.is_over) run();
    });
  }

  #failed(lane: LaneIn, msg_seq: number, reason: FailureReason, opens: boolean): void {
    lane.settled = msg_seq;
    const id = { lane: lane.lane, msg_seq };
    if (opens) this.#core.emit({ type: 'stream_opened', stream_id: lane.lane.stream_id });
    this.#core.emit({ type: 'failed', way: 'in', id, reason });
    this.acks?.now(lane);
  }

  #settled(lane: LaneIn, msg_seq: number, { frame, fin, opens, for_session, assembled }: Settled): void {
    lane.settled = msg_seq;
    const { stream } = lane;
    if (opens) this.#core.emit({ type: 'stream_opened', stream_id: stream.id });
    if (!for_session) {
      const id = { lane: lane.lane, msg_seq };
      this.#core.emit({ type: 'deliver', id, frame, fin, again: false, ...(assembled && { assembled }) });
    }
    this.acks?.soon(lane, 1);
    if (fin) this.#to.ended(stream);
  }

  #checkLoop(lane: LaneIn, { meta }: Frame): void {
    const { node_id } = this.#core.options;
    if (node_id === undefined || meta?.via?.includes(node_id) !== true) return;
    throw new Violation('The message has passed this node already.', {
      fault: 'loop',
      whole_session: lane.lane.stream_id === SESSION_STREAM,
    });
  }
}

/** The end of the session, and the status of an agent: the session reads them itself. */
function isForSession(stream: Stream, { payload }: Frame, fin: boolean): boolean {
  if (stream.id !== SESSION_STREAM) return false;
  return payload === undefined ? fin : payload.type === 'control.status';
}
