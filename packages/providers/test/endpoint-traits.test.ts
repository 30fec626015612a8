import { expect, test } from 'vitest';
import { endpointTraits } from '../src/index.ts';

test.each([
  ['https://api.openai.com/v1', true],
  ['https://eu.api.openai.com/v1', true],
  ['https://API.OpenAI.com/v1', true],
  ['https://my-team.openai.azure.com/openai/v1', true],
  ['https://my-team.openai.azure.us/openai/v1', true],
  ['https://api.deepseek.com', false],
  ['https://api.mistral.ai/v1', false],
  ['http://127.0.0.1:8000/v1', false],
  ['https://api.openai.com.evil.example/v1', false],
  ['https://notapi.openai.com/v1', false],
  ['sim://local', false],
  ['no address', false],
])('%s', (base_url, is_openai) => {
  const field = is_openai ? 'max_completion_tokens' : 'max_tokens';
  expect(endpointTraits(base_url)).toEqual({ is_openai, max_tokens_field: field });
  expect(endpointTraits(base_url, 'max_tokens')).toEqual({ is_openai, max_tokens_field: 'max_tokens' });
  expect(endpointTraits(base_url, 'max_completion_tokens').max_tokens_field).toBe('max_completion_tokens');
});
