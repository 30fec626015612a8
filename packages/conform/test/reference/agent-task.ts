import { randomBytes } from 'node:crypto';
import { type DispatchContent, errorPayload, type Frame, type Payload, type WireObject } from '@atp-router/wire';
import { ReferenceAttempt } from './agent-attempt.ts';
import { type Failure, isObject } from './agent-failure.ts';
import type { AgentCall, AgentRules, Instance } from './agent-instance.ts';

/** Where the answer of a call goes. */
export interface CallSink {
  say(payload: Payload, fin: boolean): void;
}

/** Roughly, of English. */
const CHARS_PER_TOKEN = 4;

export function taskOf({ payload }: Frame): WireObject | undefined {
  const { task } = (payload?.content ?? {}) as Partial<DispatchContent>;
  return isObject(task) ? task : undefined;
}

/** A call for agents: attempts at one after the other, and one answer. */
export class AgentTask implements AgentCall {
  readonly rules: AgentRules;
  readonly frame: Frame;
  readonly task: WireObject;
  readonly budget: { readonly tokens?: number };
  readonly #sink: CallSink;
  readonly #pick: (tokens: number) => Instance | 'nobody' | 'busy';
  #attempts = 0;
  #seq = 0;
  #is_over = false;
  #attempt: ReferenceAttempt | undefined;

  constructor(
    rules: AgentRules,
    frame: Frame,
    task: WireObject,
    sink: CallSink,
    pick: (tokens: number) => Instance | 'nobody' | 'busy',
  ) {
    this.rules = rules;
    this.frame = frame;
    this.task = task;
    this.budget = ((frame.payload?.content ?? {}) as Partial<DispatchContent>).budget ?? {};
    this.#sink = sink;
    this.#pick = pick;
    this.#next(undefined);
  }

  chunk(data: WireObject): void {
    this.#say({ type: 'agent.result.partial', content: { choice: 0, ...data } }, false);
  }

  final(data: WireObject): void {
    const id = `call_${randomBytes(8).toString('hex')}`;
    this.#say({ type: 'agent.result.final', content: { id, ...this.#charged(data) } }, true);
    this.#is_over = true;
  }

  failed(failure: Failure): void {
    const may_go_on = failure[2] && (this.#seq === 0 || this.rules.repeats) && this.#attempts < this.rules.attempts;
    if (may_go_on) this.#next(failure);
    else this.#end(failure);
  }

  cancel(): void {
    if (this.#is_over) return;
    this.#is_over = true;
    this.#attempt?.stop('EPREEMPT');
  }

  #next(before: Failure | undefined): void {
    if (this.#is_over) return;
    const chosen = this.#pick(Math.ceil(JSON.stringify(this.task).length / CHARS_PER_TOKEN));
    if (chosen === 'nobody') {
      this.#end(before ?? ['no_models_available', 'local', false]);
      return;
    }
    if (chosen === 'busy') {
      this.#end(before ?? ['backpressure', 'local', false]);
      return;
    }
    this.#attempts += 1;
    const attempt = new ReferenceAttempt(this, chosen);
    this.#attempt = attempt;
    if (!attempt.begin()) this.#end(['backpressure', 'local', false]);
  }

  #end([error, origin]: Failure): void {
    const details = { error, origin };
    this.#say(errorPayload('EAGENTDOWN', { reason: 'The agent did not do it.', details }), true);
    this.#is_over = true;
  }

  #say(payload: Payload, fin: boolean): void {
    if (this.#is_over) return;
    this.#sink.say({ ...payload, seq: this.#seq }, fin);
    this.#seq += 1;
  }

  /** Nobody pays for more than the budget. */
  #charged(data: WireObject): WireObject {
    const { usage } = data;
    const { tokens } = this.budget;
    if (tokens === undefined || !isObject(usage)) return data;
    const [read, written] = [Number(usage['in_tokens']), Number(usage['out_tokens'])];
    const in_tokens = Math.min(read, tokens);
    return { ...data, usage: { in_tokens, out_tokens: Math.min(written, tokens - in_tokens) } };
  }
}
