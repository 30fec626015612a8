import { type Frame, type Framer, framer } from '@atp-router/dialects';
import { type AtpError, isJsonObject, type JsonObject } from '@atp-router/kernel';
import { errorPayloadOf, type Payload, type WireErrorContent, type WireObject, wellFormed } from '@atp-router/wire';
import type { AnswerMeta, ClientSink } from '../engine/client.ts';
import type { Bytes } from '../relay/types.ts';
import type { TaskStream } from './task-stream.ts';

/** What an event of an `ask` stream is as a payload; the catalogue of both is closed on this side. */
const TYPES: Readonly<Record<string, string>> = {
  plan: 'agent.log',
  chunk: 'agent.result.partial',
  final: 'agent.result.final',
  provisional: 'agent.result.provisional',
};

const NO_FIELDS: JsonObject = {};
const UTF8 = new TextEncoder();
/** Ends with the first half of a surrogate pair. */
const HALF = /[\ud800-\udbff]$/;

/**
 * A call's client over ATP. The call answers in the shape of `ask`; here each event becomes a message: `plan` a log,
 * each `chunk` a partial result, `provisional` one that may be revised, `final` the final one, and an error an error. The last one ends the stream.
 */
export class TaskSink implements ClientSink {
  readonly #stream: TaskStream;
  readonly #frames: Framer;
  /** Position of the next message in the output (`payload.seq`). */
  #seq = 0;
  #over = false;
  #half: { readonly key: string; readonly text: string } | undefined;

  constructor(stream: TaskStream, frame_bytes: number) {
    this.#stream = stream;
    this.#frames = framer('sse', frame_bytes);
  }

  answer(_meta: AnswerMeta, body: Bytes): void {
    const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
    this.#send('final', JSON.parse(text) as JsonObject);
  }

  /** A stream has no head: what HTTP says there rides on the final result. */
  begin(_meta: AnswerMeta): void {}

  write(chunk: Bytes): boolean {
    let is_open = true;
    for (const frame of this.#frames.push(bytesOf(chunk))) is_open = this.#relay(frame) && is_open;
    return is_open;
  }

  end(chunks: readonly Bytes[]): void {
    for (const chunk of chunks) this.write(chunk);
    for (const frame of this.#frames.end()) this.#relay(frame);
  }

  fail(error: AtpError, meta: AnswerMeta): void {
    const payload = errorPayloadOf(error);
    const content: WireErrorContent = payload.content;
    const details = { ...content.details, request_id: meta.call_id };
    this.#last({ ...payload, content: { ...content, details }, seq: this.#seq });
  }

  cut(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.reset(errorPayloadOf(undefined));
  }

  onDrain(run: () => void): void {
    this.#stream.onWritable(run);
  }

  onGone(run: () => void): void {
    this.#stream.onGone(run);
  }

  #relay({ event, data }: Frame): boolean {
    if (data === '') return true;
    const value: unknown = JSON.parse(data);
    return isJsonObject(value) ? this.#send(event, value) : true;
  }

  #send(event: string, { type: _, ...content }: JsonObject): boolean {
    const type = TYPES[event];
    if (type === undefined || this.#over) return true;
    const { expiry_ms, confidence } = event === 'provisional' ? content : NO_FIELDS;
    const payload: Payload = {
      type,
      content: wellFormed(this.#whole(content)) as WireObject,
      ...(typeof expiry_ms === 'number' && { expiry_ms }),
      ...(typeof confidence === 'number' && { confidence }),
      seq: this.#seq,
    };
    this.#seq += 1;
    if (event !== 'final') return this.#stream.send({ payload }, false);
    this.#last(payload);
    return true;
  }

  /** A provider may cut a character in two. Its first half waits for the other one, in the next piece of the same kind. */
  #whole(content: JsonObject): WireObject {
    const { delta, ...of } = content;
    if (typeof delta !== 'string') return content as WireObject;
    const key = JSON.stringify(of);
    const text = this.#half?.key === key ? this.#half.text + delta : delta;
    this.#half = HALF.test(text) ? { key, text: text.slice(-1) } : undefined;
    return { ...content, delta: this.#half === undefined ? text : text.slice(0, -1) } as WireObject;
  }

  #last(payload: Payload): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.send({ payload }, true);
  }
}

function bytesOf(chunk: Bytes): Uint8Array {
  return typeof chunk === 'string' ? UTF8.encode(chunk) : chunk;
}
