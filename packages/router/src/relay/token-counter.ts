import type { GenEvent } from '@atp-router/dialects';

/** Tokens per UTF-16 unit: about four Latin letters to a token, about one for scripts beyond it. */
const LATIN_QUARTERS = 1;
const OTHER_QUARTERS = 3;

/**
 * Counts generated text as it passes, for streams whose usage never comes (cut, cancelled, not reported). A byte model,
 * not a tokenizer: exact counting would cost more than relaying.
 */
export class TokenCounter {
  #quarters = 0;

  get tokens(): number {
    return Math.ceil(this.#quarters / 4);
  }

  addText(text: string): void {
    let quarters = 0;
    for (let i = 0; i < text.length; i += 1) {
      quarters += text.charCodeAt(i) < 0x250 ? LATIN_QUARTERS : OTHER_QUARTERS;
    }
    this.#quarters += quarters;
  }

  /** Adds what an event generated; true when a reader would see it. */
  add(event: GenEvent): boolean {
    switch (event.type) {
      case 'text':
      case 'refusal':
      case 'thinking':
      case 'tool_args':
        this.addText(event.delta);
        return true;
      case 'tool_call':
        this.addText(event.name);
        return true;
      case 'thinking_redacted':
        return true;
      default:
        return false;
    }
  }
}
