import { foldEvents, framer, type GenEvent, type IngressDialect, type ProviderDialect } from '@atp-router/dialects';
import { isJsonObject } from '@atp-router/kernel';
import type { Bytes } from '../../relay/types.ts';
import { type Said, saidIn } from './compare.ts';

/** Longer answers are not compared: 256 KiB of an API's JSON are some 20,000 words. */
const KEPT_BYTES_MAX = 262_144;

/** A copy of what a client gets, for as long as it takes to compare it. */
export class ClientAnswer {
  readonly #dialect: IngressDialect;
  readonly #stream: boolean;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(dialect: IngressDialect, stream: boolean) {
    this.#dialect = dialect;
    this.#stream = stream;
  }

  add(chunk: Bytes): void {
    if (this.#bytes > KEPT_BYTES_MAX) return;
    this.#bytes += chunk.length;
    if (this.#bytes > KEPT_BYTES_MAX) this.#chunks = [];
    else this.#chunks.push(Buffer.from(chunk));
  }

  /** What the client got; undefined: it was too long, or cannot be read. */
  read(): Said | undefined {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    if (bytes.length === 0 || !isReader(this.#dialect)) return undefined;
    try {
      const choice = this.#stream ? streamed(this.#dialect, bytes) : whole(this.#dialect, bytes);
      return choice && saidIn(choice);
    } catch {
      // An answer that nobody can read is none to compare with.
      return undefined;
    }
  }

  /** Of a stream that has not ended; undefined: it was too long, or cannot be read. */
  soFar(): SoFar | undefined {
    if (this.#bytes > KEPT_BYTES_MAX || !isReader(this.#dialect)) return undefined;
    try {
      const frames = framer(this.#dialect.framing, KEPT_BYTES_MAX);
      const decoder = this.#dialect.streamDecoder();
      const events = frames.push(Buffer.concat(this.#chunks)).flatMap((frame) => [...decoder.push(frame)]);
      return {
        speaks: events.some((event) => event.type === 'text' && event.delta !== ''),
        is_whole: events.some(({ type }) => type === 'finish' || type === 'end'),
      };
    } catch {
      return undefined;
    }
  }
}

/** What came of a stream so far. */
export interface SoFar {
  /** Whether there are words. */
  readonly speaks: boolean;
  /** All has been said, whatever else may come. */
  readonly is_whole: boolean;
}

type Reader = IngressDialect & ProviderDialect;

/** Shapes that clients speak are those of providers, too. */
function isReader(dialect: IngressDialect): dialect is Reader {
  return 'decodeResponse' in dialect && 'streamDecoder' in dialect;
}

function whole(dialect: Reader, bytes: Buffer) {
  const json: unknown = JSON.parse(bytes.toString('utf8'));
  return isJsonObject(json) ? dialect.decodeResponse(json).choices[0] : undefined;
}

function streamed(dialect: Reader, bytes: Buffer) {
  const frames = framer(dialect.framing, KEPT_BYTES_MAX);
  const decoder = dialect.streamDecoder();
  const events: GenEvent[] = [];
  for (const frame of [...frames.push(bytes), ...frames.end()]) events.push(...decoder.push(frame));
  return foldEvents(events).choices[0];
}
