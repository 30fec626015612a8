import { randomBytes } from 'node:crypto';
import { type DispatchContent, errorPayload, type Frame, type Payload, type WireValue } from '@atp-router/wire';

/** Chunks that each task is answered with before the final result. */
const CHUNKS = 6;
/** Roughly, of English. */
const CHARS_PER_TOKEN = 4;

/** Answers every task with its own prompt. */
export class ReferenceTasks {
  /** By idempotency key, the id of the first answer. */
  readonly #ids: Map<string, string> = new Map();

  /** The messages of the answer, the last one with `FIN`. */
  answer({ payload, meta = {} }: Frame): readonly Payload[] {
    if (payload?.type !== 'agent.dispatch') return [failed('EPROTO', 'invalid_request', 'payload.type')];
    const { task, budget } = payload.content as DispatchContent;
    if (!isObject(task)) return [failed('EPROTO', 'invalid_request', 'task')];
    const { prompt, stream } = task;
    if (typeof prompt !== 'string') return [failed('EPROTO', 'invalid_request', 'prompt')];
    if (budget?.tokens !== undefined && budget.tokens < prompt.length / CHARS_PER_TOKEN) {
      return [failed('EBUDGET', 'budget_exhausted')];
    }
    const final: Payload = {
      type: 'agent.result.final',
      content: { id: this.#id(meta.idempotency_key), text: prompt },
    };
    if (stream === false) return [final];
    const chunk: Payload = { type: 'agent.result.partial', content: { choice: 0, kind: 'text', delta: 'word ' } };
    return [{ type: 'agent.log', content: { why: [] } }, ...Array.from({ length: CHUNKS }, () => chunk), final];
  }

  #id(key: string | undefined): string {
    const made = `call_${randomBytes(8).toString('hex')}`;
    if (key === undefined) return made;
    const id = this.#ids.get(key) ?? made;
    this.#ids.set(key, id);
    return id;
  }
}

function isObject(value: WireValue | undefined): value is { readonly [name: string]: WireValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function failed(code: 'EPROTO' | 'EBUDGET', error: string, param?: string): Payload {
  const details = { error, origin: 'local', ...(param !== undefined && { param }) };
  return errorPayload(code, { reason: 'The reference server does not do this.', details });
}
