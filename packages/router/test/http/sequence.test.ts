import { expect, test } from 'vitest';
import { lastSequence } from '../../src/http/sequence.ts';

const FIELD = 'sequence_number';
const frame = (data: object): string => `event: x\ndata: ${JSON.stringify(data)}\n\n`;

test.each<[string, string, number | undefined]>([
  ['of the last event', frame({ sequence_number: 4 }) + frame({ sequence_number: 5, delta: 'a' }), 5],
  ['written with spaces', 'data: {"sequence_number" : 17, "delta": "a"}\n\n', 17],
  ['and none within a text', frame({ sequence_number: 6, delta: '"sequence_number":99' }), 6],
  ['and none of a schema', frame({ sequence_number: 7, properties: { sequence_number: { type: 'integer' } } }), 7],
  ['and none where none is', ': keep-alive\n\n', undefined],
  ['at the very beginning', '"sequence_number":x', undefined],
])('the number %s', (_name, text, number) => {
  expect(lastSequence(text, FIELD)).toBe(number);
  const padded = Buffer.from(`\u{1f30d}${text}`);
  expect(lastSequence(new Uint8Array(padded.buffer, padded.byteOffset + 4, padded.length - 4), FIELD)).toBe(number);
});
