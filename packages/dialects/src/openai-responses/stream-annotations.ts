import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { shifted } from './generated.ts';

interface Part {
  readonly place: JsonObject;
  /** Characters of text before it. */
  readonly base: number;
  readonly annotations: JsonObject[];
}

/**
 * Annotations of a streamed answer. They come beside the text, and are told beside it: each in an event of its own, and
 * all of a part again where the part and its item are told whole.
 */
export class StreamAnnotations {
  readonly #parts: Map<string, Part> = new Map();
  #open: Part | undefined;
  #chars = 0;

  /** Watches what is written, and gives it back with the annotations in it. */
  written(type: string, fields: JsonObject): JsonObject {
    if (type === 'response.output_text.delta') this.#read(fields);
    if (this.#parts.size === 0) return fields;
    const { part, item, output_index } = fields as { part?: JsonValue; item?: JsonValue; output_index?: JsonValue };
    if (type === 'response.content_part.done' && isJsonObject(part)) {
      return { ...fields, part: this.#annotated(part, keyOf(fields)) };
    }
    if (type === 'response.output_item.done' && isJsonObject(item) && typeof output_index === 'number') {
      return { ...fields, item: this.#item(item, output_index) };
    }
    return fields;
  }

  /** The output of the closing event. */
  output(items: readonly JsonObject[]): readonly JsonObject[] {
    return this.#parts.size === 0 ? items : items.map((item, i) => this.#item(item, i));
  }

  /** Fields of `response.output_text.annotation.added`; undefined when there is no text that it could belong to. */
  add(annotation: JsonObject): JsonObject | undefined {
    const part = this.#open;
    if (part === undefined) return undefined;
    const own = shifted(annotation, -part.base);
    this.#parts.set(keyOf(part.place), part);
    part.annotations.push(own);
    return { ...part.place, annotation_index: part.annotations.length - 1, annotation: own };
  }

  #read(fields: JsonObject): void {
    const { item_id, output_index, content_index, delta } = fields as Readonly<Record<string, JsonValue>>;
    if (this.#open === undefined || keyOf(this.#open.place) !== keyOf(fields)) {
      this.#open = { place: { item_id, output_index, content_index }, base: this.#chars, annotations: [] };
    }
    if (typeof delta === 'string') this.#chars += delta.length;
  }

  #item(item: JsonObject, at: number): JsonObject {
    const content = item['content'];
    if (item['type'] !== 'message' || !Array.isArray(content)) return item;
    const parts = (content as readonly JsonValue[]).map((part, i) =>
      isJsonObject(part) ? this.#annotated(part, keyOf({ output_index: at, content_index: i })) : part,
    );
    return { ...item, content: parts };
  }

  #annotated(part: JsonObject, key: string): JsonObject {
    const found = this.#parts.get(key);
    return found === undefined ? part : { ...part, annotations: found.annotations };
  }
}

function keyOf(place: JsonObject): string {
  return `${String(place['output_index'])}/${String(place['content_index'])}`;
}
