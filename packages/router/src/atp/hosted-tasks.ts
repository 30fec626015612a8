import { AtpError } from '@atp-router/kernel';
import {
  isMainLane,
  mainLane,
  type Outgoing,
  type Session,
  type SessionEffect,
  type SessionInput,
} from '@atp-router/session';
import { errorPayloadOf, type Frame, isFrameError, type Lane, type MessageId, type Payload } from '@atp-router/wire';
import { MessageTraces } from './message-traces.ts';
import { LaneWriter } from './lane-writer.ts';
import { isOwnStream } from './session-peer.ts';
import type { SessionHostPorts } from './host-types.ts';

export interface HostedTasksOptions {
  readonly ports: Pick<
    SessionHostPorts,
    'startTask' | 'hadBegun' | 'asks_always' | 'isLeaving' | 'errorOf' | 'keeper' | 'traced' | 'clock' | 'onAnswered'
  >;
  readonly handle: (input: SessionInput) => void;
  readonly refusal: (lane: Lane) => ReturnType<Session['refusal']>;
}

/** The tasks on the streams of one session: each is a call, from its first message to the end of its answer. */
export class HostedTasks {
  readonly #options: HostedTasksOptions;
  readonly #lanes: Map<string, LaneWriter> = new Map();
  /** First messages of streams whose answer is not complete: kept until then, so that a successor knows of them (S35). */
  readonly #kept: Map<string, MessageId> = new Map();

  readonly #traces: MessageTraces | undefined;

  constructor(options: HostedTasksOptions) {
    this.#options = options;
    const { traced, clock } = options.ports;
    if (traced !== undefined) this.#traces = new MessageTraces(clock, traced);
  }

  deliver(effect: Extract<SessionEffect, { type: 'deliver' }>): void {
    const { id, frame, again } = effect;
    const { handle, refusal, ports } = this.#options;
    const { stream_id } = id.lane;
    const is_task = !isOwnStream(stream_id) && id.msg_seq === 0 && isMainLane(id.lane);
    if (!is_task) {
      handle({ type: 'consumed', id });
      return;
    }
    this.#traces?.onTask(effect);
    if (ports.keeper === undefined) handle({ type: 'consumed', id });
    else this.#kept.set(stream_id, id);
    // Its answer was complete before the restart, and is among what is sent again.
    if (again && refusal(mainLane(stream_id)) === 'closed') this.#complete(stream_id);
    else this.#begin(stream_id, frame, again);
  }

  /** Answers that are not with the session as a whole. */
  get is_answering(): boolean {
    for (const lane of this.#lanes.values()) if (!lane.is_done) return true;
    return false;
  }

  onRoom(stream_id: string): void {
    this.#lanes.get(stream_id)?.onRoom();
  }

  acknowledged(effect: Extract<SessionEffect, { type: 'acknowledged' }>): void {
    this.#traces?.onAcknowledged(effect);
  }

  onClosed(stream_id: string): void {
    this.#traces?.onClosed(stream_id);
    this.#lanes.get(stream_id)?.onClosed();
    this.#lanes.delete(stream_id);
    this.#complete(stream_id);
  }

  closeAll(): void {
    for (const lane of this.#lanes.values()) lane.onClosed();
    this.#lanes.clear();
  }

  #begin(stream_id: string, frame: Frame, again: boolean): void {
    const { handle, refusal, ports } = this.#options;
    const lane = mainLane(stream_id);
    const writer = new LaneWriter({
      refusal: () => refusal(lane),
      send: (message, fin) => {
        const is_taken = refusal(lane) === undefined;
        const is_last = this.#send(lane, message, fin) || fin;
        if (is_last && is_taken) this.#complete(stream_id);
        if (is_last) this.#options.ports.onAnswered();
      },
      reset: (error: Payload) => handle({ type: 'reset', stream_id, error }),
    });
    this.#lanes.set(stream_id, writer);
    if (ports.isLeaving()) this.#leave(stream_id);
    else if (again || ports.asks_always) void this.#beginOnce(stream_id, frame, writer);
    else this.#start(stream_id, frame, writer);
  }

  /** True: the message cannot be carried, and an error has ended the stream in its place. */
  #send(lane: Lane, message: Outgoing, fin: boolean): boolean {
    const { handle } = this.#options;
    try {
      handle({ type: 'send', lane, message, fin });
      return false;
    } catch (thrown) {
      if (!isFrameError(thrown)) throw thrown;
      handle({ type: 'send', lane, message: { payload: errorPayloadOf(thrown) }, fin: true });
      const writer = this.#lanes.get(lane.stream_id);
      // The call has lost its client: later, because it is in the middle of telling it something.
      if (!fin) queueMicrotask(() => writer?.onClosed());
      return true;
    }
  }

  #start(stream_id: string, frame: Frame, writer: LaneWriter): void {
    const { ports } = this.#options;
    try {
      ports.startTask(frame, writer, stream_id);
    } catch (thrown) {
      writer.send({ payload: ports.errorOf(thrown) }, true);
    }
  }

  /** Not consumed: it is delivered again, to the successor. */
  #leave(stream_id: string): void {
    this.#lanes.delete(stream_id);
    this.#options.ports.onAnswered();
  }

  /** A task that a predecessor may have taken: it is done now if nothing of it was done, and else told as interrupted (S35). */
  async #beginOnce(stream_id: string, frame: Frame, writer: LaneWriter): Promise<void> {
    const { ports } = this.#options;
    let failure: unknown;
    try {
      if (await ports.hadBegun(stream_id)) failure = interrupted();
    } catch (thrown) {
      failure = thrown;
    }
    // The client may have aborted the stream meanwhile.
    if (this.#lanes.get(stream_id) !== writer) return;
    // Where the question was a note as well, no successor would begin it any more.
    if (failure === undefined && ports.isLeaving() && !ports.asks_always) this.#leave(stream_id);
    else if (failure === undefined) this.#start(stream_id, frame, writer);
    else writer.send({ payload: ports.errorOf(failure) }, true);
  }

  /** The answer is complete, or nobody waits for it: a successor need not know of the task. */
  #complete(stream_id: string): void {
    const id = this.#kept.get(stream_id);
    if (id === undefined) return;
    this.#kept.delete(stream_id);
    this.#options.handle({ type: 'consumed', id });
  }
}

function interrupted(): AtpError {
  return new AtpError(
    'call_interrupted',
    'The router was restarted while it worked on this task. It is not done again; its usage record says what it cost.',
  );
}
