import { encodeRecord } from '@atp-router/wire';

/** Below the megabyte that proxies take by default (nginx, `client_max_body_size`), unless one frame is larger. */
const POST_BYTES = 524_288;
/** T21. */
const POST_FRAMES = 1_024;

/** The body of a request with frames (T19). */
export interface FramesBody {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Frames that wait for a request of plain HTTP, in order, encoded as they go into its body. */
export class PostQueue {
  readonly #frames: { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: string | Uint8Array): void {
    const added =
      typeof frame === 'string'
        ? { type: 'application/x-ndjson', bytes: new TextEncoder().encode(`${frame}\n`) }
        : { type: 'application/vnd.atp.frames', bytes: encodeRecord(frame) };
    this.#frames.push(added);
    this.#bytes += added.bytes.length;
  }

  /** As many of the first as one request may have; nothing when there are none. */
  take(): FramesBody | undefined {
    const [first] = this.#frames;
    if (first === undefined) return undefined;
    let bytes = 0;
    let count = 0;
    for (const one of this.#frames) {
      if (one.type !== first.type || count === POST_FRAMES) break;
      if (count > 0 && bytes + one.bytes.length > POST_BYTES) break;
      bytes += one.bytes.length;
      count += 1;
    }
    const body = new Uint8Array(bytes);
    let at = 0;
    for (const one of this.#frames.splice(0, count)) {
      body.set(one.bytes, at);
      at += one.bytes.length;
    }
    this.#bytes -= bytes;
    return { type: first.type, body };
  }
}
