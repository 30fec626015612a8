import { describe, expect, test } from 'vitest';
import { mayBeInexact, openaiResponses, parseToRewrite } from '../../src/index.ts';
import { ATP, frame } from './wire.ts';

describe('JSON that is written again', () => {
  test.each([
    '{"seed":9223372036854775807}',
    '{"a":[-9223372036854775808,0.1000000000000000055511151231257827]}',
    '{"deep":{"a":[{"n":12345678901234567890}]},"small":1.50}',
    '{"n":1e400,"m":[ 1E+400,5e-400]}',
    '{"n": 1000000000000000000000000}',
  ])('%s keeps its numbers', (text) => {
    expect(mayBeInexact(text)).toBe(true);
    expect(JSON.stringify(parseToRewrite(text))).toBe(text.replace(/([[:]) /g, '$1'));
  });

  test('what needs no second reading gets none', () => {
    expect(mayBeInexact('{"n":123456789012345,"t":0.1234567890123,"e":1e22}')).toBe(false);
    expect(mayBeInexact(JSON.stringify({ picture: Buffer.alloc(3_000, 'e123').toString('base64') }))).toBe(false);
  });

  test('text that only looks like such a number is text', () => {
    const value = { id: 'call: 12345678901234567890', n: 5 };
    expect(parseToRewrite(JSON.stringify(value))).toEqual(value);
  });

  test('the frame that tells the end keeps the numbers of the tools that it repeats', () => {
    const data = '{"type":"response.completed","response":{"tools":[{"maximum":9223372036854775807}]}}';
    const told = openaiResponses.passThrough.annotateFrame(frame(data), ATP);
    expect(told).toContain('"maximum":9223372036854775807}');
    expect(told).toContain('"cost_usd_micros":');
  });
});
