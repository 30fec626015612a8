import {
  type AdapterCapabilityContent,
  errorPayload,
  type Frame,
  type Payload,
  type WireObject,
} from '@atp-router/wire';
import { AGENT_RULES, type AgentLine, type AgentRules, Instance } from './agent-instance.ts';
import { AgentTask, type CallSink, taskOf } from './agent-task.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/-]*$/;
const MODELS_MAX = 64;
const PROVIDER = 'agents';
const UNWELL: readonly string[] = ['degraded', 'down'];

/** Agents of the reference server, as docs/protocol/atp-agents.md has them. */
export class ReferenceAgents {
  readonly rules: AgentRules;
  readonly #instances: Map<AgentLine, Instance> = new Map();

  constructor(rules: Partial<AgentRules> = {}) {
    this.rules = { ...AGENT_RULES, ...rules };
  }

  /** A message on stream 0. Gives the answer, if there is one. */
  told(line: AgentLine, { type, content }: Payload): Payload | undefined {
    const known = this.#instances.get(line);
    if (type === 'adapter.capability') return this.#advertised(line, content as AdapterCapabilityContent, known);
    if (type === 'adapter.health' && known !== undefined) {
      known.is_well = !UNWELL.includes((content as { readonly status: string }).status);
    }
    return undefined;
  }

  said(line: AgentLine, status: Instance['status'], max_tokens: number = Number.POSITIVE_INFINITY): void {
    const known = this.#instances.get(line);
    if (known !== undefined) Object.assign(known, { status, max_tokens });
  }

  heard(line: AgentLine, stream_id: string, payload: Payload | undefined, fin: boolean): void {
    this.#instances.get(line)?.work.get(stream_id)?.heard(payload, fin);
  }

  /** A stream that was opened to an agent is closed. */
  closed(line: AgentLine, stream_id: string, error: Payload | undefined): void {
    this.#instances.get(line)?.work.get(stream_id)?.closed(error);
  }

  connection(line: AgentLine, is_connected: boolean): void {
    const known = this.#instances.get(line);
    if (known === undefined) return;
    known.is_connected = is_connected;
    for (const attempt of [...known.work.values()]) attempt.connection(is_connected);
  }

  /** The session is over. */
  gone(line: AgentLine): void {
    const known = this.#instances.get(line);
    this.#instances.delete(line);
    for (const attempt of known === undefined ? [] : [...known.work.values()]) attempt.closed(undefined);
  }

  /** A call whose model is an agent; undefined for any other. */
  call(tenant: string, frame: Frame, sink: CallSink): AgentTask | undefined {
    const task = taskOf(frame);
    const model = task?.['model'];
    if (task === undefined || typeof model !== 'string' || !model.startsWith(`${PROVIDER}/`)) return undefined;
    const name = model.slice(PROVIDER.length + 1);
    return new AgentTask(this.rules, frame, task, sink, (tokens) => this.#pick(tenant, name, tokens));
  }

  #pick(tenant: string, name: string, tokens: number): Instance | 'nobody' | 'busy' {
    const there = [...this.#instances.values()]
      .filter(({ line }) => line.tenant === tenant)
      .filter(({ capability: { adapter_id, models = [] } }) => adapter_id === name || models.includes(name))
      .filter(({ is_well, is_out }) => is_well && !is_out);
    if (there.length === 0) return 'nobody';
    const free = there.filter(({ status, max_tokens }) => status === 'READY' && tokens <= max_tokens);
    const turn = (one: Instance): number =>
      (one.is_connected ? 0 : 1_000_000) + (this.rules.picks === 'first' ? 0 : one.lapses * 1_000 + one.work.size);
    return free.toSorted((left, right) => turn(left) - turn(right))[0] ?? 'busy';
  }

  #advertised(line: AgentLine, content: AdapterCapabilityContent, known: Instance | undefined): Payload {
    const { adapter_id, models = [], version } = content;
    const refused = (code: 'EPROTO' | 'EPOLICY'): Payload =>
      errorPayload(code, { reason: 'The reference server does not take this agent.', details: { adapter_id } });
    if (![adapter_id, ...models].every((name) => NAME.test(name)) || models.length > MODELS_MAX)
      return refused('EPROTO');
    if (known !== undefined && known.capability.adapter_id !== adapter_id) return refused('EPOLICY');
    if (known === undefined) this.#instances.set(line, new Instance(line, content));
    else {
      if (known.capability.version !== version) Object.assign(known, { lapses: 0, is_out: false });
      known.capability = content;
    }
    const routes = [adapter_id, ...models].map((name) => `${PROVIDER}/${name}`);
    return { type: 'adapter.accepted', content: { adapter_id, routes } as WireObject };
  }
}
