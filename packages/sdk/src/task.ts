import { SESSION_LIMITS } from '@atp-router/session';
import { type MessageId, type Payload, type WireErrorContent, isWireObject } from '@atp-router/wire';
import { AtpCancelledError, AtpInDoubtError, AtpTaskError } from './errors.ts';
import type { Final, TaskEvent } from './types.ts';

/** What a task does with its stream. */
export interface TaskPorts {
  /** The program is done with a message: only then does the router send more than the window holds. */
  consumed(id: MessageId): void;
  cancel(): void;
  /** Called once: nothing of it comes any more. */
  ended(): void;
}

type Item = { readonly id: MessageId; readonly event: TaskEvent };

/**
 * One task: its events in order, as an async iterable for one reader, and its result. Events wait until they are read; what
 * is not read holds the router back and takes no further memory.
 */
export class Task implements AsyncIterable<TaskEvent> {
  readonly #ports: TaskPorts;
  #items: Item[] = [];
  #state: 'running' | 'done' | { readonly error: Error } = 'running';
  #wake: (() => void) | undefined;
  #is_read = false;
  #has_result = false;

  constructor(ports: TaskPorts) {
    this.#ports = ports;
  }

  /** Nobody reads it, and the router may send no more until somebody does. */
  get is_stalled(): boolean {
    return !this.#is_read && this.#state === 'running' && this.#items.length >= SESSION_LIMITS.pending_messages;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<TaskEvent> {
    if (this.#is_read) throw new Error('A task has one reader: its events are being read, or were.');
    this.#is_read = true;
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item !== undefined) {
          this.#ports.consumed(item.id);
          yield item.event;
        } else if (this.#state === 'running') await new Promise<void>((resolve) => (this.#wake = resolve));
        else break;
      }
    } finally {
      // Whoever stops reading wants no more of it.
      this.cancel();
    }
    if (typeof this.#state === 'object') throw this.#state.error;
  }

  /** The whole answer; reads and drops the events before it. Of an answer that is not whole, the error has the text that came. */
  async result(): Promise<Final> {
    let result: Final | undefined;
    let text = '';
    try {
      for await (const event of this) {
        if (event.type === 'final') result = event.result;
        if (event.type === 'partial' && event.kind === 'text') text += event.delta;
      }
    } catch (thrown) {
      if (thrown instanceof AtpInDoubtError) thrown.received = text;
      throw thrown;
    }
    if (result === undefined) throw noResult();
    return result;
  }

  /** Tells the router that the answer is not wanted; it cancels what it started. Nothing happens to a task that is over. */
  cancel(): void {
    if (this.#state !== 'running') return;
    this.#end({ error: new AtpCancelledError('The task was cancelled.') });
    this.#ports.cancel();
  }

  /** From the link: a message of the stream. */
  take(id: MessageId, payload: Payload | undefined, fin: boolean): void {
    const event = payload === undefined ? undefined : eventOf(payload);
    if (event === undefined) this.#ports.consumed(id);
    else if (this.#state === 'running') this.#items.push({ id, event });
    if (event?.type === 'final') this.#has_result = true;
    if (payload?.type === 'error') this.#end({ error: new AtpTaskError(payload.content as WireErrorContent) });
    // A message that failed is followed by an empty one that ends the stream (S14): that is no answer.
    else if (fin) this.#end(this.#has_result ? 'done' : { error: noResult() });
    this.#wake?.();
  }

  /** From the link: the stream or the session is over. */
  fail(error: Error): void {
    this.#end({ error });
  }

  #end(state: 'done' | { readonly error: Error }): void {
    if (this.#state === 'running') {
      this.#state = state;
      this.#ports.ended();
    }
    this.#wake?.();
  }
}

/** The router was done with the task, and may have done it. */
function noResult(): AtpInDoubtError {
  return new AtpInDoubtError({ code: 'EPROTO', reason: 'The stream ended without a result.' });
}

/** Nothing for what a later edition added, and for the error, which is thrown. */
function eventOf({ type, content }: Payload): TaskEvent | undefined {
  switch (type) {
    case 'agent.log':
      return { type: 'log', content };
    case 'agent.result.provisional':
      return { type: 'provisional', content };
    case 'agent.result.partial': {
      const piece = isWireObject(content) ? content : {};
      return { type: 'partial', kind: textOf(piece['kind']), delta: textOf(piece['delta']), content: piece };
    }
    case 'agent.result.final':
      return { type: 'final', result: (isWireObject(content) ? content : { text: '' }) as unknown as Final };
    default:
      return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
