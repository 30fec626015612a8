import { parseToRewrite } from '@atp-router/dialects';
import type { JsonObject } from '@atp-router/kernel';
import { expect, test } from 'vitest';
import { withExactNumbers } from '../../src/relay/exact-numbers.ts';

test('what a patch left alone keeps its digits, what it wrote is taken', () => {
  const text =
    '{"model":"m","max_tokens":9223372036854775807,"seed":12345678901234567890,"messages":[{"role":"user","content":[{"input":12345678901234567892},{"gone":1}]},{"x":12345678901234567893}]}';
  const asked = JSON.parse(text) as JsonObject & { readonly messages: readonly [JsonObject, JsonObject] };
  const [first, second] = asked.messages;
  const content = (first['content'] as readonly JsonObject[]).slice(0, 1);
  const patched = {
    ...asked,
    model: 'up',
    max_tokens: 50,
    messages: [{ role: 'system' }, { ...first, content }, second],
  };
  expect(JSON.stringify(withExactNumbers(patched, asked, parseToRewrite(text)))).toBe(
    `{"model":"up","max_tokens":50,"seed":12345678901234567890,"messages":[{"role":"system"},{"role":"user","content":[{"input":12345678901234567892}]},{"x":12345678901234567893}]}`,
  );
});
