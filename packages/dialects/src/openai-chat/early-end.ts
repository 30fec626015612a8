import { isJsonObject, type JsonValue, type Usage } from '@atp-router/kernel';
import type { AtpField, EarlyEnd, EarlyEndContext, Frame } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import { streamEncoder } from './stream-encode.ts';

/** The chunks that end a stream name the answer as the provider's chunks before them did. */
export function earlyEnd({ n, include_usage }: EarlyEndContext): EarlyEnd {
  let head = { id: '', model: '', created_s: 0 };
  const finished = new Set<number>();
  return {
    relayed(frame: Frame): void {
      if (frame.data === '' || frame.data === '[DONE]') return;
      const { id, model, created, choices } = parseData(frame.data);
      head = {
        id: typeof id === 'string' ? id : head.id,
        model: typeof model === 'string' ? model : head.model,
        created_s: typeof created === 'number' ? created : head.created_s,
      };
      if (!Array.isArray(choices)) return;
      for (const choice of (choices as readonly JsonValue[]).filter(isJsonObject)) {
        const { index, finish_reason } = choice;
        if (typeof finish_reason === 'string' && finish_reason !== '')
          finished.add(typeof index === 'number' ? index : 0);
      }
    },
    write(atp: AtpField, usage: Usage): string {
      const encoder = streamEncoder({ ...head, include_usage });
      for (let choice = 0; choice < n; choice += 1) {
        if (!finished.has(choice)) encoder.push({ type: 'finish', choice, reason: 'length' });
      }
      encoder.push({ type: 'usage', usage });
      return encoder.finish(atp);
    },
  };
}
