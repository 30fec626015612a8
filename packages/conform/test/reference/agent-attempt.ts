import {
  type AdapterEstimateContent,
  errorPayload,
  type Payload,
  type WireObject,
  type WireValue,
} from '@atp-router/wire';
import { type Failure, failureOf, isObject } from './agent-failure.ts';
import type { AgentCall, Dispatched, Instance } from './agent-instance.ts';

type AbortCode = Parameters<typeof errorPayload>[0];

/** What the agent has still to say. */
type Phase = 'estimating' | 'working' | 'answered' | 'over';

/** One dispatch: what the agent says on its stream, and what becomes of it. */
export class ReferenceAttempt implements Dispatched {
  readonly #call: AgentCall;
  readonly #agent: Instance;
  #stream_id = '';
  #phase: Phase = 'estimating';
  #seq = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: AgentCall, agent: Instance) {
    this.#call = call;
    this.#agent = agent;
  }

  begin(): boolean {
    const { rules, frame, task, budget } = this.#call;
    const { qos, meta: { task_type, deadline_ms, trace } = {} } = frame;
    const { line, capability, work } = this.#agent;
    const content = { adapter_id: capability.adapter_id, targets: [], budget, task };
    const meta = {
      via: ['reference'],
      ...(task_type !== undefined && { task_type }),
      ...(deadline_ms !== undefined && { deadline_ms }),
      ...(trace !== undefined && { trace }),
    };
    const payload: Payload = { type: 'adapter.estimate_request', content: content as WireObject };
    const opened = line.openStream(payload, { ...(qos !== undefined && { qos }), meta });
    if (opened === undefined) return false;
    this.#stream_id = opened;
    work.set(opened, this);
    this.#arm(rules.estimate_ms, () => this.#late());
    return true;
  }

  heard(payload: Payload | undefined, fin: boolean): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'answered') {
      if (payload === undefined && fin) this.#over();
      else this.#fault();
      return;
    }
    if (payload === undefined) {
      if (fin) this.#fault(['stream_truncated', 'remote', true]);
      return;
    }
    if (payload.type === 'error') {
      this.#declined(payload, fin);
      return;
    }
    if (this.#phase === 'working') this.#arm(this.#call.rules.idle_ms, () => this.#late());
    if (!/^(agent\.result|agent\.stream|agent\.dispatch|adapter\.|control\.)/.test(payload.type)) return;
    if (this.#phase === 'estimating') this.#estimated(payload, fin);
    else this.#worked(payload, fin);
  }

  closed(error: Payload | undefined): void {
    if (this.#phase === 'over') return;
    const was = this.#phase;
    this.#over();
    if (was === 'answered') return;
    if (error === undefined) this.#call.failed(['upstream_error', 'remote', true]);
    else this.#call.failed(failureOf(error));
  }

  connection(is_connected: boolean): void {
    const { estimate_ms, idle_ms, reconnect_ms } = this.#call.rules;
    if (!is_connected) this.#arm(reconnect_ms, () => this.#gone());
    else this.#arm(this.#phase === 'estimating' ? estimate_ms : idle_ms, () => this.#late());
  }

  stop(code: AbortCode): void {
    if (this.#phase === 'over') return;
    this.#over();
    this.#agent.line.reset(this.#stream_id, errorPayload(code));
  }

  #estimated({ type, content }: Payload, fin: boolean): void {
    const { in_tokens, out_tokens, p95_tokens } = (content ?? {}) as unknown as AdapterEstimateContent;
    const tokens = in_tokens + out_tokens;
    if (type !== 'adapter.estimate' || fin || !(tokens > 0) || (p95_tokens ?? tokens) < tokens / 2) {
      this.#fault();
      return;
    }
    const { budget, rules, task } = this.#call;
    if (tokens > (budget.tokens ?? Number.POSITIVE_INFINITY)) {
      this.stop('EBUDGET');
      this.#call.failed(['budget_exhausted', 'local', false]);
      return;
    }
    this.#phase = 'working';
    const { line } = this.#agent;
    const work = { session_id: line.session_id, targets: [], budget, task } as WireObject;
    line.say(this.#stream_id, { type: 'agent.dispatch', content: work }, true);
    this.#arm(rules.idle_ms, () => this.#late());
  }

  #worked({ type, content, seq }: Payload, fin: boolean): void {
    if (seq !== undefined && seq < this.#seq) {
      this.#fault();
      return;
    }
    this.#seq = (seq ?? this.#seq - 1) + 1;
    if (type === 'agent.result.final') {
      this.#final(content, fin);
      return;
    }
    if (type !== 'agent.result.partial' && type !== 'agent.stream') {
      this.#fault();
      return;
    }
    const said = type === 'agent.stream' ? (content as WireObject)['data'] : (content as WireValue);
    const data = typeof said === 'string' ? { kind: 'text', delta: said } : said;
    if (!isObject(data) || typeof data['kind'] !== 'string' || fin) {
      this.#fault();
      return;
    }
    this.#call.chunk(data);
  }

  #final(content: Payload['content'], fin: boolean): void {
    const data = typeof content === 'string' ? { text: content } : (content as WireValue);
    if (!isObject(data) || (typeof data['text'] !== 'string' && !Array.isArray(data['parts']))) {
      this.#fault();
      return;
    }
    const { usage } = data;
    const used = isObject(usage) ? Number(usage['in_tokens']) + Number(usage['out_tokens']) : 0;
    const is_excess = used > (this.#call.budget.tokens ?? Number.POSITIVE_INFINITY);
    const has_none = this.#agent.capability.capabilities?.includes('usage') === true && !isObject(usage);
    this.#phase = 'answered';
    this.#call.final(data);
    if (is_excess || has_none) this.#fault();
    else if (fin) this.#over();
  }

  #declined(error: Payload, fin: boolean): void {
    if (fin) this.#over();
    else this.stop('EPREEMPT');
    this.#call.failed(failureOf(error));
  }

  /** A rule of form or order is broken. */
  #fault(failure: Failure = ['upstream_error', 'remote', true]): void {
    const is_answered = this.#phase === 'answered';
    this.#agent.is_out = Number.isFinite(this.#call.rules.strikes);
    this.stop('EPROTO');
    if (!is_answered) this.#call.failed(failure);
  }

  /** A lapse. */
  #late(): void {
    this.#agent.lapses += 1;
    if (this.#agent.lapses >= this.#call.rules.strikes) this.#agent.is_out = true;
    this.stop('ETIMEOUT');
    this.#call.failed(['upstream_timeout', 'remote', true]);
  }

  #gone(): void {
    this.stop('ETIMEOUT');
    this.#call.failed(['upstream_error', 'remote', true]);
  }

  #over(): void {
    this.#phase = 'over';
    clearTimeout(this.#timer);
    this.#agent.work.delete(this.#stream_id);
  }

  #arm(after_ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    if (this.#phase === 'over') return;
    this.#timer = setTimeout(run, after_ms);
    this.#timer.unref();
  }
}
