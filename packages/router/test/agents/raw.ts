import { hash, randomBytes } from 'node:crypto';
import { seededRng } from '@atp-router/kernel';
import { Session, type SessionEffect, type SessionInput } from '@atp-router/session';
import { decodeFrame, decodeJson, digestsFrom, encodeJson, type Frame, type Payload } from '@atp-router/wire';
import { onTestFinished } from 'vitest';
import { type Running, TENANT_KEY } from '../admin/harness.ts';

/** What a raw agent does with a message of the router. */
export type Script = (message: Payload, stream: RawStream) => void;

export interface RawStream {
  readonly stream_id: string;
  say(payload: Payload | undefined, fin?: boolean): void;
  reset(error: Payload): void;
}

export const ESTIMATE: Payload = {
  type: 'adapter.estimate',
  content: { in_tokens: 10, out_tokens: 20, usd_micros: 0 },
};
export const piece = (delta: string): Payload => ({ type: 'agent.result.partial', content: { kind: 'text', delta } });
export const final = (text: string, more: object = {}): Payload => ({
  type: 'agent.result.final',
  content: { text, finish: 'stop', ...more },
});

/** Answers the estimate well, and leaves the dispatch to the script. */
export function after(dispatch: (stream: RawStream) => void): Script {
  return ({ type }, stream) => {
    if (type === 'adapter.estimate_request') stream.say(ESTIMATE);
    if (type === 'agent.dispatch') dispatch(stream);
  };
}

/** An agent that says what its script says, right or wrong, over a WebSocket of its own. */
export class RawAgent {
  readonly session: Session;
  /** What came on stream 0. */
  readonly told: Payload[] = [];
  readonly effects: SessionEffect[] = [];
  readonly #url: string;
  readonly #key: string;
  readonly #script: Script;
  readonly #session_id = randomBytes(16).toString('hex');
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];

  constructor(running: Pick<Running, 'url'>, script: Script, key: string = TENANT_KEY) {
    this.#url = `${running.url.replace('http', 'ws')}/ws`;
    this.#key = key;
    this.#script = script;
    this.session = new Session({
      role: 'client',
      ports: {
        rng: seededRng(1),
        digests: digestsFrom((bytes) => hash('sha256', bytes, 'buffer')),
        secret: () => randomBytes(16).toString('base64url'),
      },
      session_id: this.#session_id,
      encodings: ['json'],
    });
    onTestFinished(() => {
      clearTimeout(this.#timer);
      this.#socket?.close();
    });
  }

  /** Connects, advertises, and resolves with the answer. */
  async start(content: object = { adapter_id: 'echo', capabilities: ['chat'] }): Promise<Payload> {
    this.connect();
    await this.until(() => this.session.phase === 'open');
    return await this.tell({ type: 'adapter.capability', content: content as NonNullable<Payload['content']> });
  }

  connect(): void {
    const socket = new WebSocket(this.#url, ['atp.v1', `atp.key.${this.#key}`]);
    this.#socket = socket;
    socket.onopen = () => this.input({ type: 'connected', wall_ms: Date.now() });
    socket.onmessage = ({ data }) => {
      const frame = typeof data === 'string' ? decodeJson(data) : decodeFrame(new Uint8Array(data as ArrayBuffer));
      if (socket === this.#socket) this.input({ type: 'frame', frame, bytes: 1, wall_ms: Date.now() });
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.input({ type: 'disconnected' });
    };
  }

  /** The connection is lost, and what was on it with it. */
  drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    this.input({ type: 'disconnected' });
  }

  /** Sends a frame as it is, past the session and what it would keep from being sent. */
  inject(frame: Omit<Frame, 'v' | 'session_id'>): void {
    this.#socket?.send(JSON.stringify({ v: 1, session_id: this.#session_id, ...frame }));
  }

  /** Says something on stream 0; resolves with the next thing that is said there. */
  async tell(payload: Payload): Promise<Payload> {
    const before = this.told.length;
    this.say(payload);
    await this.until(() => this.told.length > before);
    return this.told.at(-1) as Payload;
  }

  say(payload: Payload): void {
    this.input({ type: 'send', lane: lane('0'), message: { payload } });
  }

  input(input: SessionInput): void {
    for (const effect of this.session.handle(input, performance.now())) this.#do(effect);
    clearTimeout(this.#timer);
    const due_ms = this.session.deadline_ms;
    if (due_ms !== undefined) {
      this.#timer = setTimeout(() => this.input({ type: 'timeout' }), Math.max(0, due_ms - performance.now()));
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #do(effect: SessionEffect): void {
    this.effects.push(effect);
    if (effect.type === 'send' && this.#socket?.readyState === 1) this.#socket.send(encodeJson(effect.frame));
    if (effect.type !== 'deliver') return;
    const { id, frame } = effect;
    const { stream_id } = id.lane;
    this.input({ type: 'consumed', id });
    if (frame.payload === undefined) return;
    if (stream_id === '0') this.told.push(frame.payload);
    else {
      this.#script(frame.payload, {
        stream_id,
        say: (payload, fin = false) =>
          this.input({ type: 'send', lane: lane(stream_id), message: payload === undefined ? {} : { payload }, fin }),
        reset: (error) => this.input({ type: 'reset', stream_id, error }),
      });
    }
  }
}

const lane = (stream_id: string): { stream_id: string; persona_id: string; clone_id: string } => ({
  ...{ stream_id, persona_id: '', clone_id: '' },
});
