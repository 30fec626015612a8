import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { Emit } from './stream-items.ts';

/** Where text comes from, what its events are called, and where it goes in the part. */
interface TextKind {
  readonly part: 'content_part' | 'reasoning_summary_part';
  readonly index: 'content_index' | 'summary_index';
  readonly type: string;
  readonly field: 'text' | 'refusal';
}

const content = { part: 'content_part', index: 'content_index' } as const;
const TEXTS: ReadonlyMap<string, TextKind> = new Map<string, TextKind>([
  ['output_text', { ...content, type: 'output_text', field: 'text' }],
  ['refusal', { ...content, type: 'refusal', field: 'refusal' }],
  ['reasoning_text', { ...content, type: 'reasoning_text', field: 'text' }],
  [
    'reasoning_summary_text',
    { part: 'reasoning_summary_part', index: 'summary_index', type: 'summary_text', field: 'text' },
  ],
]);

/** Items whose input is streamed: the events of it, and the field that it goes to. */
const INPUTS: ReadonlyMap<unknown, readonly [event: string, field: string]> = new Map([
  ['function_call', ['function_call_arguments', 'arguments']],
  ['mcp_call', ['mcp_call_arguments', 'arguments']],
  ['custom_tool_call', ['custom_tool_call_input', 'input']],
  ['code_interpreter_call', ['code_interpreter_call_code', 'code']],
]);

interface OpenPart {
  readonly name: string;
  readonly kind: TextKind;
  readonly index: number;
  raw: JsonObject;
  text: string;
  announced: boolean;
  text_done: boolean;
  done: boolean;
}

/** An output item of a stream that is relayed untouched: what was told of it, to be able to tell its end. */
export class OpenItem {
  readonly #at: number;
  readonly #parts: OpenPart[] = [];
  #item: JsonObject = {};
  #input = '';
  #input_done = false;
  #done = false;

  constructor(at: number) {
    this.#at = at;
  }

  see(event: JsonObject): void {
    if (event['type'] === 'response.output_text.annotation.added') {
      this.#annotate(event);
      return;
    }
    const [, name = '', verb = ''] = /^response\.(\w+)\.(\w+)$/.exec(String(event['type'])) ?? [];
    if (name === 'output_item') this.#seeItem(event, verb);
    else if (name === 'content_part' || name === 'reasoning_summary_part') this.#seePart(name, event, verb);
    else if (TEXTS.has(name)) this.#seeText(name, event, verb);
    else if (verb === 'delta' && typeof event['delta'] === 'string') this.#input += event['delta'];
    else if (verb === 'done') this.#seeInput(name, event);
  }

  /** Ends what is open, as at a limit. */
  close(emit: Emit): void {
    if (this.#done) return;
    const at = { item_id: this.#item['id'] ?? '', output_index: this.#at };
    for (const part of this.#parts) closePart(part, at, emit);
    const input = INPUTS.get(this.#item['type']);
    if (input !== undefined && !this.#input_done) {
      const [name, field] = input;
      const called = this.#item['type'] === 'function_call' ? { name: this.#item['name'] ?? '' } : {};
      emit(`response.${name}.done`, { ...at, ...called, [field]: this.#input });
    }
    this.#item = this.#incomplete(input?.[1]);
    this.#done = true;
    emit('response.output_item.done', { output_index: this.#at, item: this.#item });
  }

  whole(): JsonObject {
    return this.#item;
  }

  #incomplete(field: string | undefined): JsonObject {
    const parts = (summary: boolean): readonly JsonObject[] =>
      this.#parts.filter(({ kind }) => (kind.index === 'summary_index') === summary).map(wholePart);
    const { type } = this.#item;
    return {
      ...this.#item,
      status: 'incomplete',
      ...(field === undefined ? {} : { [field]: this.#input }),
      ...(type === 'message' || parts(false).length > 0 ? { content: parts(false) } : {}),
      ...(type === 'reasoning' ? { summary: parts(true) } : {}),
    };
  }

  /** Servers that do not stream an input, or a text, tell it whole when it is done. */
  #seeInput(name: string, event: JsonObject): void {
    const input = INPUTS.get(this.#item['type']);
    if (input?.[0] !== name) return;
    this.#input_done = true;
    const whole = event[input[1]];
    if (typeof whole === 'string') this.#input = whole;
  }

  #seeItem(event: JsonObject, verb: string): void {
    if (isJsonObject(event['item'])) this.#item = event['item'];
    if (verb === 'done') this.#done = true;
    const field = INPUTS.get(this.#item['type'])?.[1];
    const begun = field === undefined ? undefined : this.#item[field];
    if (verb === 'added' && typeof begun === 'string') this.#input = begun;
  }

  #seePart(name: string, event: JsonObject, verb: string): void {
    const raw = isJsonObject(event['part']) ? event['part'] : {};
    const found = [...TEXTS].find(([, kind]) => kind.part === name && kind.type === raw['type']);
    if (found === undefined) return;
    const part = this.#part(found[0], event);
    part.announced = true;
    part.raw = raw;
    const said = raw[part.kind.field];
    if (typeof said === 'string' && said !== '') part.text = said;
    if (verb === 'done') part.done = true;
  }

  #seeText(name: string, event: JsonObject, verb: string): void {
    const part = this.#part(name, event);
    if (verb === 'delta' && typeof event['delta'] === 'string') part.text += event['delta'];
    if (verb !== 'done') return;
    part.text_done = true;
    const whole = event[part.kind.field];
    if (typeof whole === 'string') part.text = whole;
  }

  #annotate(event: JsonObject): void {
    const part = this.#part('output_text', event);
    const before = Array.isArray(part.raw['annotations']) ? (part.raw['annotations'] as readonly JsonValue[]) : [];
    part.raw = { ...part.raw, annotations: [...before, event['annotation'] ?? {}] };
  }

  #part(name: string, event: JsonObject): OpenPart {
    const kind = TEXTS.get(name) as TextKind;
    const index = typeof event[kind.index] === 'number' ? (event[kind.index] as number) : 0;
    const known = this.#parts.find((part) => part.kind.index === kind.index && part.index === index);
    if (known !== undefined) return known;
    const raw = name === 'output_text' ? { type: kind.type, annotations: [], logprobs: [] } : { type: kind.type };
    const part = { name, kind, index, raw, text: '', announced: false, text_done: false, done: false };
    this.#parts.push(part);
    return part;
  }
}

function wholePart({ kind, raw, text }: OpenPart): JsonObject {
  return { ...raw, [kind.field]: text };
}

function closePart(part: OpenPart, at: JsonObject, emit: Emit): void {
  if (part.done) return;
  const { kind, name, index, text } = part;
  const place = { ...at, [kind.index]: index };
  const logprobs = name === 'output_text' ? { logprobs: [] } : {};
  if (!part.text_done) emit(`response.${name}.done`, { ...place, [kind.field]: text, ...logprobs });
  if (part.announced) emit(`response.${kind.part}.done`, { ...place, part: wholePart(part) });
}
