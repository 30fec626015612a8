import type { GenEvent } from '@atp-router/dialects';
import type { JsonObject, JsonValue } from '@atp-router/kernel';

/** Tokens per UTF-16 unit: about four Latin letters to a token, about one for scripts beyond it. */
const LATIN_QUARTERS = 1;
const OTHER_QUARTERS = 3;

/**
 * Base64 of sound and pictures. OpenAI counts a token for 50 ms of sound, which are 3,200 characters of its 16-bit PCM at
 * 24 kHz; for pictures that gives the right order of magnitude.
 */
const MEDIA_CHARS_PER_TOKEN = 3_200;
/** No text goes on for so long without a space: media, or what is sealed. */
const MEDIA: RegExp = /^(?:data:[\w.+/-]+;base64,)?[A-Za-z0-9+/_-]{200}/;

/** Items that the provider puts in, and no model writes: the declarations of a server's tools. */
const PUT_IN = 'mcp_list_tools';

/**
 * Counts what was generated as it passes, for streams whose usage never comes (cut, cancelled, not reported). A byte model,
 * not a tokenizer: exact counting would cost more than relaying.
 */
export class TokenCounter {
  #quarters = 0;
  /** Of blocks that have not come whole. */
  #ahead = 0;

  get tokens(): number {
    return Math.ceil(this.#quarters / 4);
  }

  /** Adds what an event generated; true when a reader would see it. */
  add(event: GenEvent): boolean {
    switch (event.type) {
      case 'text':
      case 'refusal':
      case 'thinking':
      case 'tool_args':
        this.#quarters += ofText(event.delta);
        return event.delta !== '';
      case 'tool_call':
        this.#quarters += ofText(event.name);
        return true;
      case 'opaque_delta': {
        const quarters = event.media === true ? ofMedia(event.delta) : ofText(event.delta);
        this.#quarters += quarters;
        this.#ahead += quarters;
        return true;
      }
      case 'opaque':
        // Pieces of it have been counted as they came; of sound and pictures that is all that counts.
        if (event.is_media !== true) this.#quarters += Math.max(0, ofBlock(event.raw) - this.#ahead);
        this.#ahead = 0;
        return true;
      case 'thinking_redacted':
        return true;
      default:
        return false;
    }
  }
}

function ofText(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i += 1) {
    quarters += text.charCodeAt(i) < 0x250 ? LATIN_QUARTERS : OTHER_QUARTERS;
  }
  return quarters;
}

function ofMedia(base64: string): number {
  return (base64.length * 4) / MEDIA_CHARS_PER_TOKEN;
}

function ofBlock(raw: JsonObject): number {
  if (raw['type'] === PUT_IN) return 0;
  let media = 0;
  const text = JSON.stringify(raw, (_key, value: JsonValue) => {
    if (typeof value !== 'string' || !MEDIA.test(value)) return value;
    media += ofMedia(value);
    return '';
  });
  return media + ofText(text);
}
