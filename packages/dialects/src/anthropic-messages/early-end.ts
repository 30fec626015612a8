import type { Usage } from '@atp-router/kernel';
import type { AtpField, EarlyEnd, Frame } from '../dialect.ts';
import { parseData } from '../frame-data.ts';
import { encodeFinish } from './response.ts';
import { writeEnd, writeStop } from './stream-encode.ts';

/** What is open is closed, then the message ends as at its `max_tokens`. */
export function earlyEnd(): EarlyEnd {
  const open = new Set<number>();
  return {
    relayed(frame: Frame): void {
      if (frame.data === '') return;
      const { type = frame.event, index } = parseData(frame.data);
      if (typeof index !== 'number') return;
      if (type === 'content_block_start') open.add(index);
      else if (type === 'content_block_stop') open.delete(index);
    },
    write(atp: AtpField, usage: Usage): string {
      const stop_reason = encodeFinish('length', undefined, { tool_calls: false, refusal: false });
      const delta = { stop_reason, stop_sequence: null, stop_details: null, container: null };
      return [...open].map(writeStop).join('') + writeEnd(delta, usage, { ...atp });
    },
  };
}
