import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { anthropicMessages, ask, gemini, ollama, openaiChat, openaiResponses } from '../../src/index.ts';
import { translate } from './wire.ts';

const HI = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };
const unknown = (count: number, name = 'x'): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${name}${i}`, 1]));

describe.each([
  ['anthropic-messages', anthropicMessages],
  ['openai-chat', openaiChat],
  ['openai-responses', openaiResponses],
  ['gemini', gemini],
  ['ollama', ollama],
])('what has no effect at %s', (_id, provider) => {
  test('is named, up to 32 names; of more the number is told', () => {
    const told = (count: number): readonly string[] => translate(ask, provider, { ...HI, ...unknown(count) }).ignored;
    expect(told(32)).toEqual(Array.from({ length: 32 }, (_, i) => `x${i}`));
    expect(told(33)).toEqual([...told(32), '+1']);
    expect(told(300).at(-1)).toBe('+268');
  });

  test('is bounded in all, however much a client sends', () => {
    const { ignored } = translate(ask, provider, { ...HI, ...unknown(20_000, 'y'.repeat(500)) });
    expect(ignored).toHaveLength(33);
    expect(ignored.at(-1)).toBe('+968');
    expect(ignored.join(', ').length).toBeLessThan(2_500);
  });
});
