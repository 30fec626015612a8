import type { UpstreamExchange, UpstreamHandler, UpstreamRequest, UpstreamTransport } from '@atp-router/adapters';
import type { Timer } from '@atp-router/kernel';
import type { Draw } from '@atp-router/kernel/testing';
import { drawScript, type Script, type Step } from './script.ts';
import type { Answer, Shape } from './wire.ts';
import type { Usage } from '@atp-router/kernel';
import type { VirtualTime } from './virtual-time.ts';

/** What one exchange has served so far: the upstream's own log, against which the router's books are held. */
export interface Served {
  readonly call_id: string;
  readonly provider: string;
  readonly upstream_model: string;
  readonly script: Script;
  readonly sent_at_ms: number;
  state: 'open' | 'ended' | 'failed' | 'cancelled';
  /** The router lost its patience. */
  timed_out: boolean;
  status: number | undefined;
  /** Text of the frames whose bytes have all been handed over. */
  text: string;
  usage: Usage | undefined;
  /** The proper end of the answer has been handed over. */
  finished: boolean;
  /** The last bytes were the beginning of a frame. */
  partial: boolean;
}

type Scripts = (provider: string, nth: number, kind: 'embed' | 'whole' | 'stream') => Script;

/** All providers of a history. Each exchange plays a script drawn from the seed. */
export class FakeUpstreams {
  readonly all: Served[] = [];
  /** Those that were open when somebody asked last, and what has begun since. */
  readonly #open: Set<Served> = new Set();
  readonly #sent: Map<string, number> = new Map();
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  /** Called before anything else happens in an exchange. */
  readonly #onSend: (served: Served) => void;
  readonly #scriptOf: Scripts | undefined;
  readonly #answer: ((draw: Draw) => Answer) | undefined;

  /** `answer`: what models say, where they do. */
  constructor(
    time: VirtualTime,
    draw: Draw,
    onSend: (served: Served) => void,
    scriptOf?: Scripts,
    answer?: (draw: Draw) => Answer,
  ) {
    this.#time = time;
    this.#draw = draw;
    this.#onSend = onSend;
    this.#scriptOf = scriptOf;
    this.#answer = answer;
  }

  get live(): number {
    for (const served of this.#open) if (served.state !== 'open') this.#open.delete(served);
    return this.#open.size;
  }

  transport(provider: string, shape: Shape): UpstreamTransport {
    return {
      send: (request, handler) => this.#send(provider, shape, request, handler),
      close: () => Promise.resolve(),
    };
  }

  #send(provider: string, shape: Shape, request: UpstreamRequest, handler: UpstreamHandler): UpstreamExchange {
    const body = JSON.parse(String(request.body)) as { model: string; stream?: boolean; input?: unknown };
    const kind = request.path.endsWith('/embeddings') ? 'embed' : body.stream === true ? 'stream' : 'whole';
    const nth = this.#sent.get(provider) ?? 0;
    this.#sent.set(provider, nth + 1);
    const inputs = Array.isArray(body.input) ? body.input.length : 1;
    const script =
      this.#scriptOf?.(provider, nth, kind) ?? drawScript(this.#draw, shape, kind, this.#answer?.(this.#draw), inputs);
    const served: Served = {
      call_id: /call_[0-9a-z]+/.exec(String(request.body))?.[0] ?? '',
      provider,
      upstream_model: body.model,
      script,
      sent_at_ms: this.#time.mono_ms(),
      ...{
        state: 'open',
        timed_out: false,
        status: undefined,
        text: '',
        usage: undefined,
        finished: false,
        partial: false,
      },
    };
    this.all.push(served);
    this.#open.add(served);
    this.#onSend(served);
    return new Playback(served, request, handler, this.#time);
  }
}

class Playback implements UpstreamExchange {
  readonly #served: Served;
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #time: VirtualTime;
  #next = 0;
  #timer: Timer | undefined;
  #paused = false;

  constructor(served: Served, request: UpstreamRequest, handler: UpstreamHandler, time: VirtualTime) {
    this.#served = served;
    this.#request = request;
    this.#handler = handler;
    this.#time = time;
    if (served.script.fails_at_once) this.#fail('connect');
    else {
      handler.onSent?.();
      this.#arm();
    }
  }

  cancel(): void {
    if (this.#served.state === 'open') this.#served.state = 'cancelled';
    this.#disarm();
  }

  pause(): void {
    this.#paused = true;
    this.#disarm();
  }

  resume(): void {
    this.#paused = false;
    this.#arm();
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#served.state !== 'open' || this.#paused || this.#timer !== undefined) return;
    const step = this.#served.script.steps[this.#next];
    const before_head = this.#served.status === undefined;
    const patience_ms = before_head ? this.#request.head_timeout_ms : this.#request.idle_timeout_ms;
    this.#timer =
      step === undefined || step.after_ms > patience_ms
        ? this.#time.after(patience_ms, () => this.#fail(before_head ? 'head_timeout' : 'idle_timeout'))
        : this.#time.after(step.after_ms, () => this.#play(step));
  }

  #play(step: Step): void {
    this.#timer = undefined;
    this.#next += 1;
    const served = this.#served;
    switch (step.kind) {
      case 'head':
        served.status = step.status;
        this.#handler.onHead(step.status, { get: (name) => (name === 'retry-after' ? step.retry_after : undefined) });
        break;
      case 'data':
        served.text += step.text;
        served.usage = step.usage ?? served.usage;
        served.finished ||= step.finish;
        served.partial = step.partial;
        this.#handler.onData(Buffer.from(step.bytes));
        break;
      case 'end':
        served.state = 'ended';
        this.#handler.onEnd();
        break;
      case 'break':
        this.#fail(step.failure);
    }
    this.#arm();
  }

  #fail(kind: 'connect' | 'reset' | 'head_timeout' | 'idle_timeout' | 'truncated'): void {
    this.#timer = undefined;
    this.#served.state = 'failed';
    this.#served.timed_out = kind === 'head_timeout' || kind === 'idle_timeout';
    this.#handler.onFail({ kind, cause: new Error(`history: ${kind}`) });
  }
}
