import type { JsonObject } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { openaiChat } from '../../src/index.ts';

function usageOf(usage: JsonObject): object | undefined {
  return openaiChat.decodeResponse({ choices: [{ message: { content: 'Hi' } }], usage }).usage;
}

describe('usage as compatible servers tell it', () => {
  test.each<[string, JsonObject, object]>([
    [
      'OpenAI: reasoning within the completion',
      {
        ...{ prompt_tokens: 32, completion_tokens: 103, total_tokens: 135 },
        completion_tokens_details: { reasoning_tokens: 94 },
      },
      { in_tokens: 32, out_tokens: 103, reasoning_tokens: 94 },
    ],
    [
      'xAI: reasoning beside the completion',
      {
        ...{ prompt_tokens: 32, completion_tokens: 9, total_tokens: 135 },
        completion_tokens_details: { reasoning_tokens: 94 },
      },
      { in_tokens: 32, out_tokens: 103, reasoning_tokens: 94 },
    ],
    [
      'the same without a total',
      { prompt_tokens: 32, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 94 } },
      { in_tokens: 32, out_tokens: 103, reasoning_tokens: 94 },
    ],
    [
      'Google: thoughts in the total alone',
      { prompt_tokens: 20, completion_tokens: 198, total_tokens: 623 },
      { in_tokens: 20, out_tokens: 603, reasoning_tokens: 405 },
    ],
    [
      'DeepSeek: cache hits at the top',
      {
        ...{ prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 },
        ...{ prompt_cache_hit_tokens: 90, prompt_cache_miss_tokens: 10 },
      },
      { in_tokens: 100, out_tokens: 5, cached_in_tokens: 90 },
    ],
    [
      'Moonshot: cached tokens at the top',
      { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105, cached_tokens: 40 },
      { in_tokens: 100, cached_in_tokens: 40 },
    ],
    [
      'OpenAI: tokens written to the cache',
      {
        ...{ prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 },
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 60 },
      },
      { in_tokens: 100, cached_in_tokens: 30, cache_write_tokens: 60 },
    ],
    [
      'more written to the cache than was not read from it',
      {
        ...{ prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 },
        prompt_tokens_details: { cached_tokens: 30, cache_write_tokens: 90 },
      },
      { in_tokens: 100, cached_in_tokens: 30, cache_write_tokens: 70 },
    ],
    [
      'a total that is too small is not believed',
      { prompt_tokens: 100, completion_tokens: 5, total_tokens: 5 },
      { in_tokens: 100, out_tokens: 5, reasoning_tokens: 0 },
    ],
  ])('%s', (_name, told, expected) => {
    expect(usageOf(told)).toMatchObject(expected);
  });
});

test('what was written to the cache is told to clients as it was reported', () => {
  const details = { cached_tokens: 30, cache_write_tokens: 60 };
  const told = { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105, prompt_tokens_details: details };
  const response = openaiChat.decodeResponse({ choices: [{ index: 0, message: { content: 'Hi' } }], usage: told });
  expect(openaiChat.encodeResponse(response, { id: 'id_1', model: 'small' })).toMatchObject({
    usage: { prompt_tokens_details: details },
  });
});
