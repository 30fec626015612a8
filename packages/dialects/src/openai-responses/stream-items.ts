import type { JsonObject, JsonValue } from '@atp-router/kernel';
import { itemId } from './ids.ts';
import { callItem, type ItemStatus, messageItem, outputText, reasoningItem } from './resource.ts';

/** Appends one typed event to what goes out. */
export type Emit = (type: string, fields: JsonObject) => void;

interface Message {
  readonly kind: 'message';
  readonly id: string;
  readonly at: number;
  readonly done: JsonObject[];
  part: { readonly type: 'output_text' | 'refusal'; text: string; readonly logprobs: JsonValue[] } | undefined;
}

interface Reasoning {
  readonly kind: 'reasoning';
  readonly id: string;
  readonly at: number;
  text: string;
}

interface Call {
  readonly id: string;
  readonly at: number;
  readonly call_id: string;
  readonly name: string;
  args: string;
  closed: boolean;
}

/** The output items of one streamed Response, with the events that tell of each. */
export class ItemStream {
  readonly #id: string;
  readonly #emit: Emit;
  readonly #output: JsonObject[] = [];
  readonly #calls: Map<number, Call> = new Map();
  #open: Message | Reasoning | undefined;

  constructor(response_id: string, emit: Emit) {
    this.#id = response_id;
    this.#emit = emit;
  }

  get output(): readonly JsonObject[] {
    return this.#output;
  }

  /** Takes the next place in the output; it is filled when the item is done. */
  #add(kind: 'message' | 'function_call' | 'reasoning', make: (id: string) => JsonObject): { id: string; at: number } {
    const at = this.#output.length;
    const id = itemId(kind, this.#id, at);
    const item = make(id);
    this.#output.push(item);
    this.#emit('response.output_item.added', { output_index: at, item });
    return { id, at };
  }

  #complete(at: number, item: JsonObject): void {
    this.#output[at] = item;
    this.#emit('response.output_item.done', { output_index: at, item });
  }

  text(type: 'output_text' | 'refusal', delta: string): void {
    if (delta === '') return;
    const message = this.#message();
    if (message.part?.type !== type) this.#openPart(message, type);
    this.#delta(message, type, delta, []);
  }

  /** They follow the text that they belong to; without open text there is nothing to attach them to. */
  logprobs(entries: readonly JsonValue[]): void {
    if (entries.length === 0 || this.#open?.kind !== 'message') return;
    if (this.#open.part?.type === 'output_text') this.#delta(this.#open, 'output_text', '', entries);
  }

  #delta(message: Message, type: 'output_text' | 'refusal', delta: string, logprobs: readonly JsonValue[]): void {
    const part = message.part;
    if (part === undefined) return;
    part.text += delta;
    part.logprobs.push(...logprobs);
    this.#emit(`response.${type}.delta`, {
      item_id: message.id,
      output_index: message.at,
      content_index: message.done.length,
      delta,
      ...(type === 'output_text' ? { logprobs } : {}),
    });
  }

  #message(): Message {
    if (this.#open?.kind === 'message') return this.#open;
    this.close('completed');
    this.#closeCompleteCalls();
    const place = this.#add('message', (id) => messageItem(id, 'in_progress', []));
    const message: Message = { kind: 'message', ...place, done: [], part: undefined };
    this.#open = message;
    return message;
  }

  #openPart(message: Message, type: 'output_text' | 'refusal'): void {
    this.#closePart(message);
    message.part = { type, text: '', logprobs: [] };
    this.#emit('response.content_part.added', {
      item_id: message.id,
      output_index: message.at,
      content_index: message.done.length,
      part: type === 'refusal' ? { type, refusal: '' } : outputText('', []),
    });
  }

  #closePart(message: Message): void {
    const open = message.part;
    if (open === undefined) return;
    message.part = undefined;
    const place = { item_id: message.id, output_index: message.at, content_index: message.done.length };
    const part: JsonObject =
      open.type === 'refusal' ? { type: 'refusal', refusal: open.text } : outputText(open.text, open.logprobs);
    if (open.type === 'refusal') this.#emit('response.refusal.done', { ...place, refusal: open.text });
    else this.#emit('response.output_text.done', { ...place, text: open.text, logprobs: open.logprobs });
    this.#emit('response.content_part.done', { ...place, part });
    message.done.push(part);
  }

  /** Thinking that is not shown comes as empty text, and there is nothing to tell of it. */
  thinking(delta: string): void {
    if (delta === '') return;
    const open = this.#reasoning();
    const place = { item_id: open.id, output_index: open.at, summary_index: 0 };
    if (open.text === '') {
      this.#emit('response.reasoning_summary_part.added', { ...place, part: { type: 'summary_text', text: '' } });
    }
    open.text += delta;
    this.#emit('response.reasoning_summary_text.delta', { ...place, delta });
  }

  #reasoning(): Reasoning {
    if (this.#open?.kind === 'reasoning') return this.#open;
    this.close('completed');
    this.#closeCompleteCalls();
    const place = this.#add('reasoning', (id) => reasoningItem(id, '', undefined));
    const reasoning: Reasoning = { kind: 'reasoning', ...place, text: '' };
    this.#open = reasoning;
    return reasoning;
  }

  encrypted(data: string): void {
    const open = this.#reasoning();
    this.#closeReasoning(open, data);
  }

  #closeReasoning(open: Reasoning, encrypted: string | undefined): void {
    this.#open = undefined;
    if (open.text !== '') {
      const place = { item_id: open.id, output_index: open.at, summary_index: 0 };
      this.#emit('response.reasoning_summary_text.done', { ...place, text: open.text });
      const part = { type: 'summary_text', text: open.text };
      this.#emit('response.reasoning_summary_part.done', { ...place, part });
    }
    this.#complete(open.at, reasoningItem(open.id, open.text, encrypted));
  }

  /** Ends the text or the reasoning that is being written. */
  close(status: ItemStatus): void {
    const open = this.#open;
    if (open === undefined) return;
    if (open.kind === 'reasoning') {
      this.#closeReasoning(open, undefined);
      return;
    }
    this.#open = undefined;
    this.#closePart(open);
    this.#complete(open.at, messageItem(open.id, status, open.done));
  }

  call(index: number, call_id: string, name: string): void {
    this.close('completed');
    this.#closeCompleteCalls();
    const before = this.#calls.get(index);
    if (before?.closed === false) this.#closeCall(before, 'completed');
    const place = this.#add('function_call', (id) => callItem(id, 'in_progress', { call_id, name, args: '' }));
    this.#calls.set(index, { ...place, call_id, name, args: '', closed: false });
  }

  /** A block of a hosted tool arrives whole. */
  opaque(item: JsonObject): void {
    this.close('completed');
    this.#closeCompleteCalls();
    const at = this.#output.length;
    this.#output.push(item);
    this.#emit('response.output_item.added', { output_index: at, item });
    this.#complete(at, item);
  }

  arguments(index: number, delta: string): void {
    const call = this.#calls.get(index);
    if (call === undefined || call.closed) return;
    call.args += delta;
    const place = { item_id: call.id, output_index: call.at };
    this.#emit('response.function_call_arguments.delta', { ...place, delta });
  }

  /**
   * Calls normally follow each other, and clients may run one as soon as it is done. Some providers interleave the
   * arguments of parallel calls, so a call is closed early only when its arguments are whole.
   */
  #closeCompleteCalls(): void {
    for (const call of this.#calls.values()) if (!call.closed && isWhole(call.args)) this.#closeCall(call, 'completed');
  }

  #closeCall(call: Call, status: ItemStatus): void {
    const place = { item_id: call.id, output_index: call.at };
    if (call.args === '' && status === 'completed') {
      // A call without arguments: clients parse the text, and an empty one is not JSON.
      call.args = '{}';
      this.#emit('response.function_call_arguments.delta', { ...place, delta: '{}' });
    }
    call.closed = true;
    this.#emit('response.function_call_arguments.done', { ...place, name: call.name, arguments: call.args });
    this.#complete(call.at, callItem(call.id, status, call));
  }

  closeAll(status: ItemStatus): void {
    this.close(status);
    for (const call of this.#calls.values()) {
      if (!call.closed) this.#closeCall(call, isWhole(call.args) ? 'completed' : status);
    }
  }
}

function isWhole(args: string): boolean {
  try {
    JSON.parse(args);
    return true;
  } catch {
    return false;
  }
}
