import type { FrameConnection, FrameReceiver, ReceivedFrame } from '@atp-router/adapters';
import type { Lane } from '@atp-router/wire';
import {
  isMainLane,
  refusalFrame,
  SESSION_STREAM,
  Session,
  type SessionEffect,
  type SessionInput,
  type SessionOptions,
} from '@atp-router/session';
import { encodeCbor, encodeJson, type Frame, type Payload } from '@atp-router/wire';
import type { AgentTask } from './agent-task.ts';
import type { AgentLine } from './agent-instance.ts';
import type { ReferenceAgents } from './agents.ts';
import { ReferenceTasks } from './tasks.ts';

type Deliver = Extract<SessionEffect, { type: 'deliver' }>;

/** What a session shares with the others of its server. */
export interface Shared {
  readonly tenant: string;
  readonly agents: ReferenceAgents;
}

const mainLane = (stream_id: string): Lane => ({ stream_id, persona_id: '', clone_id: '' });
/** Streams that the server opens have even numbers. */
const isOwn = (stream_id: string): boolean => Number(stream_id) % 2 === 0;

/** A session of the reference server: drives the state machine, and has its tasks answered. */
export class ReferenceSession implements AgentLine {
  readonly session: Session;
  readonly #onClosed: () => void;
  #connection: FrameConnection | undefined;
  #encoding: 'json' | 'cbor' = 'json';
  #was_open = false;
  #timer: NodeJS.Timeout | undefined;
  /** Messages for which there was no credit, by stream. */
  readonly #waiting: Map<string, Extract<SessionInput, { type: 'send' }>[]> = new Map();
  readonly #tasks = new ReferenceTasks();
  readonly #calls: Map<string, AgentTask> = new Map();
  readonly tenant: string;
  readonly session_id: string;
  readonly #agents: ReferenceAgents;

  constructor(options: SessionOptions, { tenant, agents }: Shared, onClosed: () => void) {
    this.session = new Session(options);
    this.tenant = tenant;
    this.session_id = options.session_id ?? '';
    this.#agents = agents;
    this.#onClosed = onClosed;
  }

  openStream(payload: Payload, more: Partial<Frame>): string | undefined {
    const lane = mainLane(this.session.next_stream_id);
    if (this.session.refusal(lane, performance.now()) !== undefined) return undefined;
    this.handle({ type: 'send', lane, message: { payload, ...more } });
    return lane.stream_id;
  }

  say(stream_id: string, payload: Payload, fin: boolean): void {
    this.#say({ type: 'send', lane: mainLane(stream_id), message: { payload }, fin });
  }

  reset(stream_id: string, error: Payload): void {
    this.handle({ type: 'reset', stream_id, error });
  }

  attach(connection: FrameConnection): void {
    const older = this.#connection;
    this.#connection = connection;
    older?.close('superseded');
    this.handle({ type: 'connected', wall_ms: Date.now() });
  }

  frame(connection: FrameConnection, frame: Frame, bytes: number): void {
    if (connection === this.#connection) this.handle({ type: 'frame', frame, bytes, wall_ms: Date.now() });
  }

  lost(connection: FrameConnection): void {
    if (connection !== this.#connection) return;
    this.#connection = undefined;
    this.handle({ type: 'disconnected' });
    this.#agents.connection(this, false);
  }

  handle(input: SessionInput): void {
    for (const effect of this.session.handle(input, performance.now())) this.#do(effect);
    clearTimeout(this.#timer);
    const due_ms = this.session.deadline_ms;
    if (due_ms === undefined) return;
    this.#timer = setTimeout(() => this.handle({ type: 'timeout' }), Math.max(0, due_ms - performance.now()));
    this.#timer.unref();
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#connection?.send(this.#encoding === 'cbor' ? encodeCbor(effect.frame) : encodeJson(effect.frame));
        break;
      case 'established':
        this.#encoding = effect.agreed.encoding;
        this.#was_open = true;
        this.#agents.connection(this, true);
        break;
      case 'deliver':
        this.#deliver(effect);
        break;
      case 'writable':
        for (const input of this.#waiting.get(effect.lane.stream_id)?.splice(0) ?? []) this.#say(input);
        break;
      case 'stream_closed':
        this.#waiting.delete(effect.stream_id);
        this.#agents.closed(this, effect.stream_id, effect.error);
        if (effect.error !== undefined) this.#calls.get(effect.stream_id)?.cancel();
        this.#calls.delete(effect.stream_id);
        break;
      case 'peer_status':
        this.#agents.said(this, effect.status, effect.suggested_window?.max_tokens);
        break;
      case 'disconnect': {
        const connection = this.#connection;
        this.#connection = undefined;
        connection?.close(this.session.phase !== 'closed' ? 'silent' : this.#was_open ? 'done' : 'refused');
        if (connection !== undefined) this.handle({ type: 'disconnected' });
        break;
      }
      case 'closed':
        clearTimeout(this.#timer);
        this.#connection?.close('done');
        this.#connection = undefined;
        this.#agents.gone(this);
        for (const call of this.#calls.values()) call.cancel();
        this.#onClosed();
        break;
      default:
    }
  }

  #deliver({ id, frame, fin }: Deliver): void {
    this.handle({ type: 'consumed', id });
    const { stream_id } = id.lane;
    if (stream_id === SESSION_STREAM) {
      const answer = frame.payload && this.#agents.told(this, frame.payload);
      if (answer !== undefined) this.say('0', answer, false);
      return;
    }
    if (!isMainLane(id.lane)) return;
    if (isOwn(stream_id)) {
      this.#agents.heard(this, stream_id, frame.payload, fin);
      return;
    }
    if (id.msg_seq > 0) return;
    const sink = { say: (payload: Payload, is_last: boolean) => this.say(stream_id, payload, is_last) };
    const call = this.#agents.call(this.tenant, frame, sink);
    if (call !== undefined) {
      this.#calls.set(stream_id, call);
      return;
    }
    const payloads = this.#tasks.answer(frame);
    for (const [seq, payload] of payloads.entries()) {
      const message = { payload: { ...payload, seq } };
      this.#say({ type: 'send', lane: id.lane, message, fin: seq === payloads.length - 1 });
    }
  }

  /** Sends a message, now or when there is room for it. */
  #say(input: Extract<SessionInput, { type: 'send' }>): void {
    const waiting = this.#waiting.get(input.lane.stream_id) ?? [];
    this.#waiting.set(input.lane.stream_id, waiting);
    if (this.session.refusal(input.lane, performance.now()) === 'full') waiting.push(input);
    this.handle(input);
  }
}

/** One connection: its first frame says which session it is for. */
export class ReferenceConnection implements FrameReceiver {
  readonly #connection: FrameConnection;
  readonly #find: (connection: FrameConnection, frame: Frame) => ReferenceSession | Payload;
  #session: ReferenceSession | undefined;

  constructor(
    connection: FrameConnection,
    find: (connection: FrameConnection, frame: Frame) => ReferenceSession | Payload,
  ) {
    this.#connection = connection;
    this.#find = find;
  }

  onFrames(frames: readonly ReceivedFrame[]): void {
    for (const received of frames) {
      if (this.#connection.closed) return;
      if ('error' in received) this.#unreadable({ type: 'error', content: received.error.toContent() });
      else this.#take(received.frame, received.bytes);
    }
  }

  onDrain(): void {}

  onClose(): void {
    this.#session?.lost(this.#connection);
  }

  #unreadable(payload: Payload): void {
    if (this.#session === undefined) this.#refuse('-', payload);
    else this.#session.handle({ type: 'reset', stream_id: SESSION_STREAM, error: payload });
  }

  #take(frame: Frame, bytes: number): void {
    if (this.#session === undefined) {
      const found = this.#find(this.#connection, frame);
      if (!(found instanceof ReferenceSession)) {
        this.#refuse(frame.session_id, found);
        return;
      }
      this.#session = found;
      found.attach(this.#connection);
    }
    this.#session.frame(this.#connection, frame, bytes);
  }

  #refuse(session_id: string, payload: Payload): void {
    this.#connection.send(encodeJson(refusalFrame(session_id, payload)));
    this.#connection.close('refused');
  }
}
