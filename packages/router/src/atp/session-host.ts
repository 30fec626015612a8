import type { CloseName } from '@atp-router/adapters';
import { AtpError, type Clock, type Timers } from '@atp-router/kernel';
import type { Agreed, Session, SessionEffect, SessionInput, StoredChange } from '@atp-router/session';
import { errorPayloadOf, type Frame, type MessageId, type Payload, type Window } from '@atp-router/wire';
import { DeadlineTimer } from './deadline-timer.ts';
import { LaneWriter } from './lane-writer.ts';
import { isMain, mainLane } from './main-lane.ts';
import { isOwnStream, type PeerOf, type SessionPeer } from './session-peer.ts';
import type { TaskStream } from './task-stream.ts';

/** What carries frames to the other end: a WebSocket, or the posts and events of the HTTP fallback. */
export interface Carrier {
  /** Encodes and sends, in order; gives the peer up when too much waits for it. */
  send(frame: Frame, encoding: Agreed['encoding']): void;
  close(end: CloseName): void;
}

export interface SessionHostPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** A stream that the client opened begins with this frame. Throws when it is no task; the error ends the stream. */
  startTask(frame: Frame, stream: TaskStream, stream_id: string): void;
  /**
   * Whether the work of a stream had begun before a restart. Rejects when that cannot be known: it is then not done again.
   */
  hadBegun(stream_id: string): Promise<boolean>;
  /** Where the session is kept; absent for one that ends with the process. */
  readonly keeper?: SessionKeeper;
  /** Who works beside the client's tasks, on streams that the router opens. */
  readonly peer?: PeerOf;
  /** The payload for what was thrown; reports it when it is a fault of the router. */
  errorOf(thrown: unknown): Payload;
  /** Nothing follows: the session may be forgotten. */
  onClosed(): void;
}

/** Keeps one session for a successor of this process. */
export interface SessionKeeper {
  /** `done` is told once, later, when the changes are durable or why they are not. */
  save(changes: readonly StoredChange[], done: (failure?: AtpError) => void): void;
  connected(is_connected: boolean): void;
}

/** One session of this process: drives the state machine, its timer, its connection, and the tasks of its streams. */
export class SessionHost {
  readonly #session: Session;
  readonly #ports: SessionHostPorts;
  readonly #lanes: Map<string, LaneWriter> = new Map();
  /** First messages of streams whose answer is not complete: kept until then, so that a successor knows of them (S35). */
  readonly #tasks: Map<string, MessageId> = new Map();
  /** Effects that are still to be done: what one of them causes comes after those that were there before. */
  #effects: SessionEffect[] = [];
  #is_working = false;
  #is_suspended = false;
  #carrier: Carrier | undefined;
  #encoding: Agreed['encoding'] = 'json';
  readonly #timer: DeadlineTimer;
  readonly #peer: SessionPeer | undefined;

  constructor(session: Session, ports: SessionHostPorts) {
    this.#session = session;
    this.#ports = ports;
    this.#timer = new DeadlineTimer(ports, () => this.#handle({ type: 'timeout' }));
    this.#peer = ports.peer?.({
      nextStream: () => session.next_stream_id,
      refusal: (lane) => session.refusal(lane, ports.clock.mono_ms()),
      handle: (input) => this.#handle(input),
    });
  }

  get is_connected(): boolean {
    return this.#carrier !== undefined;
  }

  /** What a session that was restored has to do before anything comes. */
  resume(): void {
    this.#push(this.#session.take());
  }

  /** Leaves the session to a successor: nothing is told to the client, whose connection is closed. */
  suspend(): void {
    this.#is_suspended = true;
    this.#timer.cancel();
    const carrier = this.#carrier;
    this.#carrier = undefined;
    if (carrier !== undefined) this.#connected(false);
    carrier?.close('going_away');
  }

  /** Whether the first frame of a connection is from this session's client. */
  admits(frame: Frame): boolean {
    return this.#session.admits(frame, this.#ports.clock.now_ms());
  }

  /** Takes a connection whose first frame this is; an older one is closed, and no longer read. */
  attach(carrier: Carrier, frame: Frame, bytes: number): void {
    const older = this.#carrier;
    this.#carrier = carrier;
    older?.close('superseded');
    this.#connected(true);
    this.#handle({ type: 'connected', wall_ms: this.#ports.clock.now_ms() });
    this.onFrame(carrier, frame, bytes);
  }

  onFrame(carrier: Carrier, frame: Frame, bytes: number): void {
    if (carrier !== this.#carrier) return;
    this.#handle({ type: 'frame', frame, bytes, wall_ms: this.#ports.clock.now_ms() });
  }

  onClosed(carrier: Carrier): void {
    if (carrier !== this.#carrier) return;
    this.#carrier = undefined;
    this.#connected(false);
    this.#handle({ type: 'disconnected' });
  }

  /** Takes no new streams, and ends when those that are open have ended. */
  finish(): void {
    this.#handle({ type: 'finish' });
  }

  /** What the other end may have in flight from now on. */
  setWindow(window: Window): void {
    this.#handle({ type: 'window', window });
  }

  /** Aborts a stream that this end opened, and that nobody here knows any more. */
  disown(stream_id: string, error: Payload): void {
    if (stream_id !== SESSION_STREAM && isOwnStream(stream_id)) this.#reset(stream_id, error);
  }

  abort(error: Payload): void {
    this.#handle({ type: 'reset', stream_id: SESSION_STREAM, error });
  }

  #handle(input: SessionInput): void {
    if (this.#is_suspended) return;
    this.#push(this.#session.handle(input, this.#ports.clock.mono_ms()));
  }

  #push(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.#effects.push(effect);
    if (this.#is_working) return;
    this.#is_working = true;
    for (let i = 0; i < this.#effects.length; i += 1) this.#do(this.#effects[i] as SessionEffect);
    this.#effects = [];
    this.#is_working = false;
    this.#timer.arm(this.#session.deadline_ms);
  }

  #do(effect: SessionEffect): void {
    if (this.#peer?.onEffect(effect) === true) return;
    switch (effect.type) {
      case 'send':
        this.#carrier?.send(effect.frame, this.#encoding);
        break;
      case 'established':
        this.#encoding = effect.agreed.encoding;
        break;
      case 'save':
        this.#save(effect);
        break;
      case 'deliver':
        this.#deliver(effect);
        break;
      case 'failed':
        // Without its first message a stream is no task.
        if (effect.way === 'in' && effect.id.msg_seq === 0) this.#reset(effect.id.lane.stream_id, NO_TASK);
        break;
      case 'writable':
        this.#lanes.get(effect.lane.stream_id)?.onRoom();
        break;
      case 'stream_closed':
        this.#lanes.get(effect.stream_id)?.onClosed();
        this.#lanes.delete(effect.stream_id);
        this.#complete(effect.stream_id);
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'closed':
        this.#close();
        break;
      default:
    }
  }

  /** What could not be kept is not acknowledged, and nothing that follows can be: the session ends. */
  #save({ mark, changes }: Extract<SessionEffect, { type: 'save' }>): void {
    this.#ports.keeper?.save(changes, (failure) => {
      if (failure === undefined) this.#handle({ type: 'saved', mark });
      else this.abort(errorPayloadOf(failure));
    });
  }

  #deliver({ id, frame, again }: Extract<SessionEffect, { type: 'deliver' }>): void {
    const { stream_id } = id.lane;
    const is_task = !isOwnStream(stream_id) && id.msg_seq === 0 && isMain(frame);
    if (!is_task) {
      this.#handle({ type: 'consumed', id });
      return;
    }
    if (this.#ports.keeper === undefined) this.#handle({ type: 'consumed', id });
    else this.#tasks.set(stream_id, id);
    // Its answer was complete before the restart, and is among what is sent again.
    if (again && this.#session.refusal(mainLane(stream_id), this.#ports.clock.mono_ms()) === 'closed')
      this.#complete(stream_id);
    else this.#begin(stream_id, frame, again);
  }

  #begin(stream_id: string, frame: Frame, again: boolean): void {
    const lane = mainLane(stream_id);
    const writer = new LaneWriter({
      refusal: () => this.#session.refusal(lane, this.#ports.clock.mono_ms()),
      send: (message, fin) => {
        const is_taken = this.#session.refusal(lane, this.#ports.clock.mono_ms()) === undefined;
        this.#handle({ type: 'send', lane, message, fin });
        if (fin && is_taken) this.#complete(stream_id);
      },
      reset: (error) => this.#reset(stream_id, error),
    });
    this.#lanes.set(stream_id, writer);
    if (again) void this.#beginAgain(stream_id, frame, writer);
    else this.#start(stream_id, frame, writer);
  }

  #start(stream_id: string, frame: Frame, writer: LaneWriter): void {
    try {
      this.#ports.startTask(frame, writer, stream_id);
    } catch (thrown) {
      writer.send({ payload: this.#ports.errorOf(thrown) }, true);
    }
  }

  /** A task that a predecessor took: it is done now if nothing of it was done, and else told as interrupted (S35). */
  async #beginAgain(stream_id: string, frame: Frame, writer: LaneWriter): Promise<void> {
    let failure: unknown;
    try {
      if (await this.#ports.hadBegun(stream_id)) failure = interrupted();
    } catch (thrown) {
      failure = thrown;
    }
    // The client may have aborted the stream meanwhile.
    if (this.#lanes.get(stream_id) !== writer) return;
    if (failure === undefined) this.#start(stream_id, frame, writer);
    else writer.send({ payload: this.#ports.errorOf(failure) }, true);
  }

  /** The answer is complete, or nobody waits for it: a successor need not know of the task. */
  #complete(stream_id: string): void {
    const id = this.#tasks.get(stream_id);
    if (id === undefined) return;
    this.#tasks.delete(stream_id);
    this.#handle({ type: 'consumed', id });
  }

  #reset(stream_id: string, error: Payload): void {
    this.#handle({ type: 'reset', stream_id, error });
  }

  #disconnect(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    this.#carrier = undefined;
    carrier.close('silent');
    this.#connected(false);
    this.#handle({ type: 'disconnected' });
  }

  #connected(is_connected: boolean): void {
    this.#ports.keeper?.connected(is_connected);
    this.#peer?.onConnection(is_connected);
  }

  #close(): void {
    for (const lane of this.#lanes.values()) lane.onClosed();
    this.#lanes.clear();
    this.#carrier?.close('done');
    this.#carrier = undefined;
    this.#ports.onClosed();
  }
}

const SESSION_STREAM = '0';

const NO_TASK: Payload = {
  type: 'error',
  content: { code: 'ETIMEOUT', reason: 'The message that opens the stream did not arrive.' },
};

function interrupted(): AtpError {
  return new AtpError(
    'call_interrupted',
    'The router was restarted while it worked on this task. It is not done again; its usage record says what it cost.',
  );
}
