import { isJsonObject, type JsonObject } from '@atp-router/kernel';

/** What a client's own library would make of the bytes. */
export interface ReadAnswer {
  readonly text: string;
  /** The stream has the mark of a proper end, or the answer is whole. */
  readonly proper_end: boolean;
  readonly error: boolean;
  readonly cost_usd_micros: number | undefined;
}

export function readStream(bytes: string): ReadAnswer {
  let text = '';
  let proper_end = false;
  let error = false;
  let cost_usd_micros: number | undefined;
  for (const frame of bytes.split('\n\n')) {
    const data = frame
      .split('\n')
      .find((line) => line.startsWith('data: '))
      ?.slice('data: '.length);
    if (data === undefined) continue;
    if (data === '[DONE]') {
      proper_end = true;
      continue;
    }
    const json = JSON.parse(data) as JsonObject;
    text += deltaOf(json);
    if (json['error'] !== undefined) error = true;
    if (isFinish(json)) proper_end = true;
    cost_usd_micros = costOf(json) ?? cost_usd_micros;
  }
  return { text, proper_end, error, cost_usd_micros };
}

export function readWhole(bytes: string): ReadAnswer {
  const json = JSON.parse(bytes) as JsonObject;
  return { text: textOf(json), proper_end: true, error: json['error'] !== undefined, cost_usd_micros: costOf(json) };
}

function deltaOf(json: JsonObject): string {
  const choice = at(at(json, 'choices'), 0);
  const delta = at(choice, 'delta') ?? at(json, 'delta');
  const text = at(delta, 'content') ?? at(delta, 'text');
  return typeof text === 'string' ? text : '';
}

/** Where an upstream ends after this without its end mark, the answer is whole all the same. */
function isFinish(json: JsonObject): boolean {
  const reason = at(at(at(json, 'choices'), 0), 'finish_reason') ?? at(at(json, 'delta'), 'stop_reason');
  return json['type'] === 'message_stop' || typeof reason === 'string';
}

function textOf(json: JsonObject): string {
  const text = at(at(at(at(json, 'choices'), 0), 'message'), 'content') ?? at(at(at(json, 'content'), 0), 'text');
  return typeof text === 'string' ? text : '';
}

function costOf(json: JsonObject): number | undefined {
  const cost = at(at(json, 'atp'), 'cost_usd_micros');
  return typeof cost === 'number' ? cost : undefined;
}

function at(value: unknown, key: string | number): unknown {
  if (typeof key === 'number') return Array.isArray(value) ? (value as unknown[])[key] : undefined;
  return isJsonObject(value) ? value[key] : undefined;
}
