import type { JsonObject } from '@atp-router/kernel';
import type { Frame, StreamDecoder } from '../dialect.ts';
import type { GenEvent } from '../event.ts';
import { eventsOf } from '../fold.ts';
import { parseData } from '../frame-data.ts';
import type { GenResponse } from '../model.ts';
import { decodeErrorObject } from './errors-decode.ts';
import { decodeResponse, textOf } from './response-decode.ts';

const NOTHING: readonly GenEvent[] = [];
const END: GenEvent = { type: 'end' };

type Head = Pick<GenResponse, 'id' | 'model' | 'created_s'>;

/** Who answers is told by the last event. */
const UNTOLD: Head = { id: '', model: '', created_s: 0 };

/**
 * Events of an `ask` stream: `plan`, `chunk`s, then one of `final` and `error`. `final` is the whole answer: what has
 * been streamed is not told again, and an agent that streams nothing is read from it alone.
 */
export function streamDecoder(): StreamDecoder {
  let has_started = false;
  let has_content = false;
  const begin = (events: GenEvent[], { id, model, created_s }: Head): void => {
    if (!has_started) events.push({ type: 'start', id, model, created_s });
    has_started = true;
  };
  return {
    push(frame: Frame): readonly GenEvent[] {
      if (frame.data === '') return NOTHING;
      const data = parseData(frame.data);
      const events: GenEvent[] = [];
      switch (data['type'] ?? frame.event) {
        case 'chunk': {
          begin(events, UNTOLD);
          const event = chunkOf(data);
          if (event === undefined) break;
          has_content = true;
          events.push(event);
          break;
        }
        case 'final': {
          const response = decodeResponse(data);
          begin(events, response);
          events.push(...(has_content ? endOf(response) : eventsOf(response).filter((one) => one.type !== 'start')));
          if (events.at(-1)?.type !== 'end') events.push(END);
          break;
        }
        case 'error':
          events.push({ type: 'error', error: decodeErrorObject(data['error']) });
          break;
        default:
      }
      return events;
    },
  };
}

function endOf({ choices, usage }: GenResponse): GenEvent[] {
  const reason = choices[0]?.finish ?? 'stop';
  const finish: GenEvent = { type: 'finish', choice: 0, reason };
  return usage === undefined ? [finish] : [finish, { type: 'usage', usage }];
}

/** Nothing for kinds of a later edition. */
function chunkOf(data: JsonObject): GenEvent | undefined {
  const delta = textOf(data, 'delta');
  const index = typeof data['index'] === 'number' && Number.isSafeInteger(data['index']) ? data['index'] : 0;
  switch (data['kind']) {
    case 'text':
    case 'refusal':
      return delta === '' ? undefined : { type: data['kind'], choice: 0, delta };
    case 'thinking':
      return delta === '' ? undefined : { type: 'thinking', choice: 0, delta, origin: 'ask' };
    case 'tool_call':
      return { type: 'tool_call', choice: 0, index, id: textOf(data, 'id'), name: textOf(data, 'name') };
    case 'tool_args':
      return delta === '' ? undefined : { type: 'tool_args', choice: 0, index, delta };
    default:
      return undefined;
  }
}
