import { isJsonObject, type JsonObject, type Usage } from '@atp-router/kernel';
import type { AtpField, EarlyEnd, Frame } from '../dialect.ts';
import { parseToRewrite } from '../exact-json.ts';
import { OpenItem } from './open-item.ts';
import { encodeUsage } from './usage.ts';

/** The closing event repeats the whole answer, so all of it is kept; the driver's limit on stream length bounds it. */
export function earlyEnd(): EarlyEnd {
  const end = new ResponsesEnd();
  return { relayed: (frame) => end.relayed(frame), write: (atp, usage) => end.write(atp, usage) };
}

class ResponsesEnd {
  readonly #items: Map<number, OpenItem> = new Map();
  #response: JsonObject = {};
  #sequence = 0;
  #out = '';

  relayed(frame: Frame): void {
    if (frame.data === '' || frame.data === '[DONE]') return;
    const event = parseToRewrite(frame.data);
    const { sequence_number, response, output_index } = event;
    if (typeof sequence_number === 'number') this.#sequence = sequence_number + 1;
    if (isJsonObject(response)) this.#response = response;
    if (typeof output_index !== 'number') return;
    const item = this.#items.get(output_index) ?? new OpenItem(output_index);
    this.#items.set(output_index, item);
    item.see(event);
  }

  write(atp: AtpField, usage: Usage): string {
    const items = [...this.#items].sort(([a], [b]) => a - b).map(([, item]) => item);
    for (const item of items) item.close((type, fields) => this.#emit(type, fields));
    const response = {
      ...this.#response,
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: items.map((item) => item.whole()),
      usage: encodeUsage(usage),
      atp: { ...atp },
    };
    this.#emit('response.incomplete', { response });
    return this.#out;
  }

  #emit(type: string, fields: JsonObject): void {
    this.#out += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence, ...fields })}\n\n`;
    this.#sequence += 1;
  }
}
