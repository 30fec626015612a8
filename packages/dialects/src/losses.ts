import { AtpError, type JsonObject, type JsonValue } from '@atp-router/kernel';
import type { AtpField } from './dialect.ts';
import { eventsOf } from './fold.ts';
import { generatedName, TRACE } from './generated.ts';
import type { GenEvent } from './event.ts';
import type { GenResponse } from './model.ts';

/** What a client's shape has a place for, besides text, thinking and calls. */
export interface Carrier {
  /** As in "which … cannot carry". */
  readonly words: string;
  carries(event: GenEvent & { type: 'opaque' | 'annotation' }): boolean;
}

/** Keeps account of what was generated and cannot be said in the client's shape. */
export class Losses {
  readonly #carrier: Carrier;
  /** A handful: there are few kinds. */
  readonly #names: Set<string> = new Set();
  #is_anything_left = false;
  #was_cut = false;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  see(event: GenEvent): void {
    switch (event.type) {
      case 'text':
      case 'refusal':
        if (event.delta !== '') this.#is_anything_left = true;
        break;
      case 'tool_call':
        this.#is_anything_left = true;
        break;
      case 'finish':
        if (event.reason === 'length' || event.reason === 'content_filter' || event.reason === 'error') {
          this.#was_cut = true;
        }
        break;
      case 'annotation':
        if (!this.#carrier.carries(event)) this.#names.add('annotations');
        break;
      case 'opaque': {
        const name = generatedName(event);
        if (name === undefined) break;
        if (this.#carrier.carries(event)) this.#is_anything_left = true;
        else this.#names.add(name);
        break;
      }
      default:
    }
  }

  /** Throws `upstream_error` when the client would get an empty answer for one that was none. */
  refuseEmpty(): void {
    const content = this.names.filter((name) => name !== TRACE);
    if (this.#is_anything_left || this.#was_cut || content.length === 0) return;
    const what = content.join(', ');
    throw new AtpError(
      'upstream_error',
      `The provider answered with nothing but: ${what}, which ${this.#carrier.words} cannot carry. Ask in another shape, or another model.`,
      { origin: 'remote' },
    );
  }

  /** The `atp` field at the end of a stream. */
  told(atp: AtpField): JsonObject {
    const dropped: { dropped?: JsonValue } = this.#names.size === 0 ? {} : { dropped: this.names };
    return { ...atp, ...dropped };
  }
}

/** The losses of a whole answer. */
export function lossesOf(response: GenResponse, carrier: Carrier): Losses {
  const losses = new Losses(carrier);
  for (const event of eventsOf(response)) losses.see(event);
  return losses;
}

/** A citation of a web page, the one kind of annotation that Chat Completions and Responses both have. */
export function isUrlCitation(annotation: JsonObject): boolean {
  return annotation['type'] === 'url_citation' && typeof annotation['url'] === 'string';
}
