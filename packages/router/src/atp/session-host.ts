import type { Clock, Timer, Timers } from '@atp-router/kernel';
import type { Agreed, Session, SessionEffect, SessionInput } from '@atp-router/session';
import { type Frame, type Lane, laneOf, type Payload } from '@atp-router/wire';
import { LaneWriter } from './lane-writer.ts';
import type { TaskStream } from './task-stream.ts';

/** What carries frames to the other end: a WebSocket, or the posts and events of the HTTP fallback. */
export interface Carrier {
  /** Encodes and sends; what waits for a slow peer is bounded by the session's windows. */
  send(frame: Frame, encoding: Agreed['encoding']): void;
  close(): void;
}

export interface SessionHostPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** A stream that the client opened begins with this frame. Throws when it is no task; the error ends the stream. */
  startTask(frame: Frame, stream: TaskStream): void;
  /** The payload for what was thrown; reports it when it is a fault of the router. */
  errorOf(thrown: unknown): Payload;
  /** Nothing follows: the session may be forgotten. */
  onClosed(): void;
}

/** One session of this process: drives the state machine, its timer, its connection, and the tasks of its streams. */
export class SessionHost {
  readonly #session: Session;
  readonly #ports: SessionHostPorts;
  readonly #lanes: Map<string, LaneWriter> = new Map();
  /** Effects that are still to be done: what one of them causes comes after those that were there before. */
  #effects: SessionEffect[] = [];
  #is_working = false;
  #carrier: Carrier | undefined;
  #encoding: Agreed['encoding'] = 'json';
  #timer: Timer | undefined;
  #timer_at_ms = Number.POSITIVE_INFINITY;

  constructor(session: Session, ports: SessionHostPorts) {
    this.#session = session;
    this.#ports = ports;
  }

  get is_connected(): boolean {
    return this.#carrier !== undefined;
  }

  /** Whether the first frame of a connection is from this session's client. */
  admits(frame: Frame): boolean {
    return this.#session.admits(frame, this.#ports.clock.now_ms());
  }

  /** Takes a connection whose first frame this is; an older one is closed, and no longer read. */
  attach(carrier: Carrier, frame: Frame, bytes: number): void {
    const older = this.#carrier;
    this.#carrier = carrier;
    older?.close();
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
    this.#handle({ type: 'disconnected' });
  }

  /** Takes no new streams, and ends when those that are open have ended. */
  finish(): void {
    this.#handle({ type: 'finish' });
  }

  abort(error: Payload): void {
    this.#handle({ type: 'reset', stream_id: SESSION_STREAM, error });
  }

  #handle(input: SessionInput): void {
    this.#push(this.#session.handle(input, this.#ports.clock.mono_ms()));
  }

  #push(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.#effects.push(effect);
    if (this.#is_working) return;
    this.#is_working = true;
    for (let i = 0; i < this.#effects.length; i += 1) this.#do(this.#effects[i] as SessionEffect);
    this.#effects = [];
    this.#is_working = false;
    this.#arm();
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#carrier?.send(effect.frame, this.#encoding);
        break;
      case 'established':
        this.#encoding = effect.agreed.encoding;
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

  #deliver({ id, frame }: Extract<SessionEffect, { type: 'deliver' }>): void {
    const { stream_id } = id.lane;
    if (stream_id !== SESSION_STREAM && id.msg_seq === 0 && isMain(frame)) this.#begin(stream_id, frame);
    this.#handle({ type: 'consumed', id });
  }

  #begin(stream_id: string, frame: Frame): void {
    const lane: Lane = { stream_id, persona_id: '', clone_id: '' };
    const writer = new LaneWriter({
      refusal: () => this.#session.refusal(lane, this.#ports.clock.mono_ms()),
      send: (message, fin) => this.#handle({ type: 'send', lane, message, fin }),
      reset: (error) => this.#reset(stream_id, error),
    });
    this.#lanes.set(stream_id, writer);
    try {
      this.#ports.startTask(frame, writer);
    } catch (thrown) {
      writer.send({ payload: this.#ports.errorOf(thrown) }, true);
    }
  }

  #reset(stream_id: string, error: Payload): void {
    this.#handle({ type: 'reset', stream_id, error });
  }

  #disconnect(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    this.#carrier = undefined;
    carrier.close();
    this.#handle({ type: 'disconnected' });
  }

  #close(): void {
    for (const lane of this.#lanes.values()) lane.onClosed();
    this.#lanes.clear();
    this.#carrier?.close();
    this.#carrier = undefined;
    this.#ports.onClosed();
  }

  /** One timer, set anew only for what is due before it; an early one finds nothing to do. */
  #arm(): void {
    const due_ms = this.#session.deadline_ms;
    if (due_ms === undefined) {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#timer_at_ms = Number.POSITIVE_INFINITY;
      return;
    }
    if (due_ms >= this.#timer_at_ms) return;
    this.#timer?.cancel();
    this.#timer_at_ms = due_ms;
    this.#timer = this.#ports.timers.after(Math.max(0, due_ms - this.#ports.clock.mono_ms()), () => {
      this.#timer = undefined;
      this.#timer_at_ms = Number.POSITIVE_INFINITY;
      this.#handle({ type: 'timeout' });
    });
  }
}

const SESSION_STREAM = '0';

const NO_TASK: Payload = {
  type: 'error',
  content: { code: 'ETIMEOUT', reason: 'The message that opens the stream did not arrive.' },
};

function isMain(frame: Frame): boolean {
  const { persona_id, clone_id } = laneOf(frame);
  return persona_id === '' && clone_id === '';
}
