import type { Frame } from '../../frame.ts';
import { isFrameError } from '../../frame-error.ts';
import { marked } from '../../json/encode.ts';
import type { Payload } from '../../payloads.ts';
import { decodeFrame } from '../../stream.ts';
import { isWireObject, type WireObject, type WireValue } from '../../value.ts';
import type { Direction, Encoding, TraceHeader, TraceLine } from './format.ts';
import { toHex } from './hex.ts';

/** One frame as it went, or came. */
export interface Recorded {
  readonly dir: Direction;
  readonly conn: string;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  /** Monotone, in milliseconds; not before the start. */
  readonly now_ms: number;
}

/** Credentials in contents. Whoever gets to see a trace must not get into a session with it. */
const SECRETS: readonly string[] = ['token', 'resume_token'];
const WITH_SECRETS: ReadonlySet<string> = new Set(['control.hello', 'control.resume']);
const REDACTED = '[redacted]';

/**
 * Makes the lines of a trace from frames as they go over connections; whoever records writes them where they belong, and
 * bounds the file. Tokens of handshakes and resumptions are replaced, and the line says so. Contents are kept: a trace has
 * to be guarded like the data in it. Bytes that are no frame are kept as they are.
 */
export class TraceRecorder {
  readonly #start_ms: number;
  /** Keeps exact bytes beside every frame; never beside one with a secret. */
  readonly #with_bytes: boolean;

  constructor(start_ms: number, options: { readonly with_bytes?: boolean } = {}) {
    this.#start_ms = start_ms;
    this.#with_bytes = options.with_bytes ?? false;
  }

  /** The first line, with its line break. */
  header(about?: string): string {
    const header: TraceHeader = { atp_trace: 1, ...(about !== undefined && { about }) };
    return `${JSON.stringify(header)}\n`;
  }

  /** The line of one frame, with its line break. */
  line(recorded: Recorded): string {
    return `${JSON.stringify(this.#lineOf(recorded))}\n`;
  }

  #lineOf({ dir, conn, encoding, bytes, now_ms }: Recorded): TraceLine {
    const head = { t_ms: Math.max(0, Math.round(now_ms - this.#start_ms)), dir, conn, encoding, bytes: bytes.length };
    try {
      const { frame, redacted } = withoutSecrets(decodeFrame(bytes));
      if (redacted.length > 0) return { ...head, frame: marked(frame), redacted };
      return { ...head, frame: marked(frame), ...(this.#with_bytes && { hex: toHex(bytes) }) };
    } catch (error) {
      if (isFrameError(error)) return { ...head, hex: toHex(bytes), fault: error.fault };
      throw error;
    }
  }
}

interface Hidden {
  readonly frame: Frame;
  readonly redacted: readonly string[];
}

function withoutSecrets(frame: Frame): Hidden {
  const { payload } = frame;
  const content = payload?.content;
  if (payload === undefined || content === undefined || !WITH_SECRETS.has(payload.type)) return { frame, redacted: [] };
  // A fragment, which this must not be: any part of it may be a part of the token.
  if (!isWireObject(content)) return hidden(frame, payload, REDACTED, ['payload.content']);
  const found = SECRETS.filter((name) => Object.hasOwn(content, name));
  if (found.length === 0) return { frame, redacted: [] };
  const without: WireObject = { ...content, ...Object.fromEntries(found.map((name) => [name, REDACTED])) };
  return hidden(
    frame,
    payload,
    without,
    found.map((name) => `payload.content.${name}`),
  );
}

function hidden(frame: Frame, payload: Payload, content: WireValue, redacted: readonly string[]): Hidden {
  return { frame: { ...frame, payload: { ...payload, content } }, redacted };
}
