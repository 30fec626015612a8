import type { Qos } from '@atp-router/kernel';
import type { DispatchContent, Frame, Lane, Payload, WireObject, WireValue } from '@atp-router/wire';
import type { AgentContext, AgentEstimate, AgentOptions, AgentPiece, AgentResult, AgentTask } from './agent-types.ts';
import { AtpTaskError } from './errors.ts';
import { tell } from './listeners.ts';
import type { AbortLike } from './runtime.ts';

/** What a run does with its stream. */
export interface RunPorts {
  readonly abort: AbortLike;
  /** Why a message would not be taken now. */
  refusal(lane: Lane): 'full' | 'window' | 'closed' | undefined;
  send(lane: Lane, payload: Payload, fin: boolean): void;
  /** Why no further work is taken, if so. */
  declines(): { readonly code: string; readonly reason: string } | undefined;
  onDone(latency_ms: number, is_ok: boolean): void;
  /** All that it has to say is on its way. */
  onOver(): void;
  now_ms(): number;
}

const OUT_TOKENS = 512;
const CHARS_PER_TOKEN = 4;

/** One task of an agent: the estimate, the work, the result; each message goes when the router takes it. */
export class AgentRun {
  readonly #options: AgentOptions;
  readonly #ports: RunPorts;
  readonly #lane: Lane;
  #wake: (() => void) | undefined;
  #is_over = false;
  #has_begun = false;

  constructor(stream_id: string, options: AgentOptions, ports: RunPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#lane = { stream_id, persona_id: '', clone_id: '' };
  }

  /** From the link: what the router says on the stream. */
  take(frame: Frame): void {
    const { payload } = frame;
    if (payload === undefined || this.#is_over) return;
    if (payload.type === 'adapter.estimate_request') void this.#guard(() => this.#estimate(payload));
    if (payload.type === 'agent.dispatch' && !this.#has_begun) {
      this.#has_begun = true;
      void this.#guard(() => this.#work(frame, payload));
    }
  }

  /** From the link: the router takes messages again. */
  room(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** From the link: nobody waits for it any more. */
  close(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#ports.abort.abort();
    this.room();
  }

  async #estimate({ content }: Payload): Promise<void> {
    const declined = this.#ports.declines();
    if (declined !== undefined) throw new AtpTaskError(declined);
    const { task } = content as { readonly task: AgentTask };
    const found: AgentEstimate = (await this.#options.estimate?.(task)) ?? guess(task);
    const estimate = { usd_micros: cost(found, this.#options.usd_micros_per_mtok), ...found };
    await this.#say({ type: 'adapter.estimate', content: estimate }, false);
  }

  async #work(frame: Frame, { content }: Payload): Promise<void> {
    const began_ms = this.#ports.now_ms();
    let is_ok = false;
    try {
      const dispatch = content as DispatchContent;
      const work = this.#options.run(dispatch.task as unknown as AgentTask, this.#context(frame, dispatch));
      const result = Symbol.asyncIterator in work ? await this.#stream(work) : resultOf(await work);
      await this.#say({ type: 'agent.result.final', content: { finish: 'stop', ...result } as WireObject }, true);
      is_ok = true;
    } finally {
      this.#ports.onDone(this.#ports.now_ms() - began_ms, is_ok);
    }
    this.#over();
  }

  /** Each piece waits for room before the next is asked for: a slow reader slows the work down. */
  async #stream(work: AsyncIterable<AgentPiece>): Promise<AgentResult> {
    const pieces = work[Symbol.asyncIterator]();
    let text = '';
    let seq = 0;
    // What returns or throws by itself needs no end.
    let is_paused = false;
    try {
      for (;;) {
        is_paused = false;
        const next = (await pieces.next()) as IteratorResult<AgentPiece, AgentResult | undefined>;
        if (next.done === true) return { text, ...next.value };
        is_paused = true;
        const content = typeof next.value === 'string' ? { kind: 'text', delta: next.value } : next.value;
        if (content.kind === 'text' && typeof content['delta'] === 'string') text += content['delta'];
        await this.#say({ type: 'agent.result.partial', content, seq }, false);
        seq += 1;
        if (this.#is_over) return { text };
      }
    } finally {
      if (is_paused) await this.#leave(pieces);
    }
  }

  /** Lets the program clean up. What it throws then does not hide why it was left. */
  async #leave(pieces: AsyncIterator<AgentPiece>): Promise<void> {
    try {
      await pieces.return?.();
    } catch (thrown) {
      tell(this.#options.onError, thrown);
    }
  }

  async #say(payload: Payload, fin: boolean): Promise<void> {
    for (;;) {
      const refusal = this.#ports.refusal(this.#lane);
      if (this.#is_over || refusal === 'closed') return;
      // Only who was refused is told when there is room.
      this.#ports.send(this.#lane, payload, fin);
      if (refusal === undefined) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #over(): void {
    this.#is_over = true;
    this.#ports.onOver();
  }

  #context({ qos = 'silver', meta = {} }: Frame, { budget = {}, check = false }: DispatchContent): AgentContext {
    const { task_type, data_scope = [], deadline_ms, trace: traceparent, via = [] } = meta;
    return {
      ...{ task_type, data_scope, deadline_ms, budget, check, qos: qos as Qos, traceparent, via },
      signal: this.#ports.abort.signal,
      log: (note: WireValue) => {
        // A note that finds no room is not worth waiting for.
        if (this.#is_over || this.#ports.refusal(this.#lane) !== undefined) return;
        this.#ports.send(this.#lane, { type: 'agent.log', content: note }, false);
      },
    };
  }

  /** What is thrown ends the stream. The words of a stranger's error may hold a prompt: only those of `AtpTaskError` are sent. */
  async #guard(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      // Work that was aborted may end as it likes.
      if (this.#is_over) return;
      const known = thrown instanceof AtpTaskError;
      try {
        await this.#say({ type: 'error', content: known ? contentOf(thrown) : FAILED }, true);
      } catch (unsayable) {
        tell(this.#options.onError, unsayable);
        await this.#say({ type: 'error', content: FAILED }, true);
      }
      this.#over();
      if (!known) tell(this.#options.onError, thrown);
    }
  }
}

const FAILED: WireObject = { code: 'EAGENTDOWN', reason: 'The agent failed at this task.' };

function contentOf({ code, message, retry_after_ms }: AtpTaskError): WireObject {
  return { code, reason: message, ...(retry_after_ms !== undefined && { retry_after_ms }) };
}

function resultOf(result: AgentResult | string): AgentResult {
  return typeof result === 'string' ? { text: result } : { text: '', ...result };
}

/** Heuristics of the router for a model that it knows nothing of. */
function guess(task: AgentTask): AgentEstimate {
  const in_tokens = Math.ceil(JSON.stringify(task).length / CHARS_PER_TOKEN);
  return { in_tokens, out_tokens: Math.min(task.max_output_tokens ?? OUT_TOKENS, OUT_TOKENS), confidence: 0.2 };
}

function cost({ in_tokens, out_tokens }: AgentEstimate, price: AgentOptions['usd_micros_per_mtok'] = 0): number {
  const { in: read, out: write } = typeof price === 'number' ? { in: price, out: price } : price;
  return Math.ceil((in_tokens * read + out_tokens * write) / 1_000_000);
}
