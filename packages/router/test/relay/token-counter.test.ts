import type { GenEvent } from '@atp-router/dialects';
import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { TokenCounter } from '../../src/relay/token-counter.ts';

const piece = (delta: string, media?: true): GenEvent => ({
  ...{ type: 'opaque_delta', choice: 0, delta },
  ...(media === undefined ? {} : { media }),
});
const block = (raw: JsonObject): GenEvent => ({ type: 'opaque', choice: 0, origin: 'anthropic-messages', raw });

function counted(...events: GenEvent[]): number {
  const counter = new TokenCounter();
  for (const event of events) counter.add(event);
  return counter.tokens;
}

describe('what only one shape can say', () => {
  test('is seen, also where it begins, but no empty text is', () => {
    const seen = (event: GenEvent): boolean => new TokenCounter().add(event);
    expect([seen(piece('')), seen(block({})), seen({ type: 'text', choice: 0, delta: '' })]).toEqual([
      true,
      true,
      false,
    ]);
    expect(seen({ type: 'thinking', choice: 0, delta: '', origin: 'anthropic-messages' })).toBe(false);
  });

  test('counts as text, and once: in pieces or whole', () => {
    const raw = { type: 'server_tool_use', input: { query: 'the news of the day' } };
    const whole = counted(block(raw));
    expect(whole).toBe(Math.ceil(JSON.stringify(raw).length / 4));
    expect(counted(piece('{"query":"the news'), piece(' of the day"}'), block(raw))).toBe(whole);
    expect(counted(block(raw), block(raw))).toBe(Math.ceil((JSON.stringify(raw).length * 2) / 4));
  });

  test('base64 is no text: 3,200 characters of it are a token', () => {
    expect(counted(piece('x'.repeat(32_000), true))).toBe(10);
    expect(counted(block({ result: 'iVBORw0K'.repeat(400_000) }))).toBeLessThan(1_010);
    expect(counted(piece('word '.repeat(64)))).toBe(80);
  });

  test('the declarations of a server’s tools are written by no model', () => {
    expect(counted(block({ type: 'mcp_list_tools', tools: [{ description: 'long '.repeat(1_000) }] }))).toBe(0);
  });
});
