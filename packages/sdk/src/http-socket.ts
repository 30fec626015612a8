import { decodeFrame, isWireObject, WIRE_LIMITS } from '@atp-router/wire';
import { EventParser, type ServerEvent } from './event-parser.ts';
import { bytesOf, refusalOf, wordsOf } from './http-reply.ts';
import { PostQueue } from './post-queue.ts';
import type { AbortLike, ReplyLike, Runtime, SocketLike } from './runtime.ts';
import type { Pauses } from './types.ts';

/** Twice what a session has on its way: only a path that takes nothing any more gets there, and is given up. */
const UNSENT_BYTES = 16_777_216;
/** What was sent last may still leave when the connection is closed: the word that the session is over is among it. */
const CLOSE_MS = 5_000;
/** Readings of the events in a row that brought nothing; then the connection is given up. */
const READS_MAX = 3;
/** A reply to frames, or one that refuses, has a few hundred. */
const REPLY_BYTES = 65_536;
/** A frame, and the name of its field. */
const LINE_CHARS = WIRE_LIMITS.frame_bytes + 64;

const SLOW = 4_000;
const NO_FRAMES = 4_400;

/**
 * A connection over plain HTTP (docs/protocol/atp-transports.md, T16 to T27) in the form of a WebSocket: the session above it is
 * the same. The first frame opens it, frames go in requests one after the other, and events bring those of the router. Events that
 * are cut are read on behind the last one; anything else that fails is the end of the connection.
 */
export class HttpSocket implements SocketLike {
  binaryType = 'arraybuffer';
  /** 1: it takes frames. 3: it is over. */
  readyState = 1;
  /** The router has answered the first frame. */
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  /** `code`: of T14 when the router closed it, the status of a request that was refused, else 0. */
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  readonly #runtime: Runtime;
  readonly #streams: string;
  readonly #key: string;
  readonly #pauses: Pauses;
  readonly #reading: AbortLike;
  readonly #sending: AbortLike;
  readonly #queue = new PostQueue();
  #is_begun = false;
  #is_posting = false;
  /** Address of the connection, once there is one. */
  #at: string | undefined;
  #last_id = 0;
  /** Readings in a row that brought nothing. */
  #failed = 0;
  #timer: unknown;

  /** `pauses`: before events are read again. */
  constructor(runtime: Runtime, url: string, key: string, pauses: Pauses) {
    this.#runtime = runtime;
    this.#streams = `${url.replace(/^ws/, 'http').replace(/\/+$/, '')}/v1/streams`;
    this.#key = key;
    this.#pauses = pauses;
    this.#reading = new runtime.AbortController();
    this.#sending = new runtime.AbortController();
  }

  send(frame: string | Uint8Array): void {
    if (this.readyState !== 1) return;
    if (!this.#is_begun) {
      this.#is_begun = true;
      void this.#begin(frame);
      return;
    }
    // Before the answer there is only the first frame again, which is on its way.
    if (this.#at === undefined) return;
    this.#queue.add(frame);
    if (this.#queue.bytes > UNSENT_BYTES) this.#end(SLOW, 'The router does not take what is sent.');
    else void this.#post(this.#at);
  }

  close(): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    this.#reading.abort();
    if (this.#is_posting) this.#timer = this.#runtime.setTimeout(() => this.#sending.abort(), CLOSE_MS);
    else this.#sending.abort();
  }

  #end(code: number, reason: string): void {
    if (this.readyState !== 1) return;
    this.readyState = 3;
    this.#reading.abort();
    this.#sending.abort();
    this.onclose?.({ code, reason });
  }

  async #begin(frame: string | Uint8Array): Promise<void> {
    try {
      const type = typeof frame === 'string' ? 'application/json' : 'application/cbor';
      const reply = await this.#send(this.#streams, type, frame);
      const body = await bytesOf(reply, LINE_CHARS);
      if (this.readyState !== 1) return;
      if (reply.status === 201) {
        // Below the address that was asked, which a gateway may have put somewhere else: only the name is the router's.
        this.#at = `${this.#streams}/${(reply.headers.get('location') ?? '').replace(/^.*\//s, '')}`;
        this.onopen?.();
        void this.#read(this.#at);
      }
      if (reply.status === 201 || isFrame(body)) this.onmessage?.({ data: body.buffer });
      if (reply.status !== 201) this.#end(reply.status, refusalOf(reply.status, body));
    } catch (thrown) {
      this.#end(0, wordsOf(thrown));
    }
  }

  /** One request at a time: the order of those that are under way together is not kept (T21). */
  async #post(at: string): Promise<void> {
    if (this.#is_posting) return;
    this.#is_posting = true;
    try {
      // What is sent in one turn goes in one request.
      await Promise.resolve();
      for (let next = this.#queue.take(); next !== undefined; next = this.#queue.take()) {
        const reply = await this.#send(`${at}/frames`, next.type, next.body);
        const body = await bytesOf(reply, REPLY_BYTES);
        // Which of them were taken is not known, and frames are not repeated by what carries them.
        if (reply.status !== 202) this.#end(reply.status, refusalOf(reply.status, body));
      }
    } catch (thrown) {
      this.#end(0, wordsOf(thrown));
    }
    this.#is_posting = false;
    if (this.readyState === 1) return;
    this.#runtime.clearTimeout(this.#timer);
    this.#sending.abort();
  }

  async #read(at: string): Promise<void> {
    let why = '';
    while (this.#failed < READS_MAX) {
      this.#failed += 1;
      try {
        const headers = this.#last_id === 0 ? {} : { 'last-event-id': String(this.#last_id) };
        const reply = await this.#ask(`${at}/events`, headers, { signal: this.#reading.signal });
        if (reply.status !== 200) {
          this.#end(reply.status, refusalOf(reply.status, await bytesOf(reply, REPLY_BYTES)));
          return;
        }
        await this.#readOn(reply);
        why = 'The events ended.';
      } catch (thrown) {
        why = wordsOf(thrown);
      }
      if (this.readyState !== 1) return;
      await new Promise<void>((resolve) => void this.#runtime.setTimeout(resolve, this.#pauses.next_ms()));
      if (this.readyState !== 1) return;
    }
    this.#end(0, why);
  }

  async #readOn({ body }: ReplyLike): Promise<void> {
    const parser = new EventParser(LINE_CHARS);
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const reader = body?.getReader();
    for (;;) {
      const { value } = (await reader?.read()) ?? {};
      if (value === undefined || this.readyState !== 1) return;
      this.#failed = 0;
      this.#pauses.reset();
      this.#takeAll(() => parser.push(decoder.decode(value, { stream: true })));
    }
  }

  /** A router that sends what are no events cannot be trusted with the rest. */
  #takeAll(read: () => readonly ServerEvent[]): void {
    try {
      for (const event of read()) this.#take(event);
    } catch (thrown) {
      this.#end(NO_FRAMES, wordsOf(thrown));
    }
  }

  #take({ type, id, data }: ServerEvent): void {
    if (this.readyState !== 1) return;
    if (type === 'close') {
      const { code, reason } = closeOf(data);
      this.#end(code, reason);
    } else if (type === '' && id === String(this.#last_id + 1)) {
      this.#last_id += 1;
      this.onmessage?.({ data });
    } else if (type === '') this.#end(NO_FRAMES, `An event has the id ${id ?? ''} behind ${this.#last_id}.`);
  }

  #send(url: string, type: string, body: string | Uint8Array): Promise<ReplyLike> {
    const init = { method: 'POST', body, signal: this.#sending.signal };
    return this.#ask(url, { 'content-type': type }, init);
  }

  #ask(url: string, headers: object, init: object): Promise<ReplyLike> {
    return this.#runtime.fetch(url, { ...init, headers: { authorization: `Bearer ${this.#key}`, ...headers } });
  }
}

/** A refusal may be a frame of the session (T18), or an error of the catalogue. */
function isFrame(body: Uint8Array): boolean {
  try {
    decodeFrame(body);
    return true;
  } catch {
    return false;
  }
}

function closeOf(data: string): { readonly code: number; readonly reason: string } {
  try {
    const told: unknown = JSON.parse(data);
    const { code, reason } = isWireObject(told) ? told : {};
    if (typeof code === 'number') return { code, reason: typeof reason === 'string' ? reason : '' };
  } catch {
    // It is closed all the same.
  }
  return { code: 0, reason: '' };
}
