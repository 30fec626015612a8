import { describe, expect, test } from 'vitest';
import {
  anthropicMessages,
  ask,
  FEATURES,
  type Feature,
  type GenRequest,
  openaiChat,
  type ProviderDialect,
} from '../../src/index.ts';
import { FEATURE_REQUESTS } from '../gemini/feature-requests.ts';
import { context } from './wire.ts';

/** Where the common example would not use the feature as this shape understands it. */
const OWN: Readonly<Record<string, Partial<Record<Feature, Partial<GenRequest>>>>> = {
  'openai-chat': {
    // A client of this shape may send it, because many compatible servers know it.
    top_k: { source: 'anthropic-messages' },
    service_tier: { source: 'openai-chat' },
    // A client of this shape may have answers stored.
    metadata: { source: 'ask' },
  },
  'anthropic-messages': {
    hosted_tools: { hosted_tools: [{ type: 'web_search', origin: 'openai-responses', raw: { type: 'web_search' } }] },
    thinking_in_answer: {
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'thinking', text: 'hm', signature: 'S', origin: 'anthropic-messages' },
            { type: 'text', text: 'So' },
          ],
        },
      ],
    },
    // The budget is a number only for models that think on one.
    reasoning_budget: { max_output_tokens: 9_000 },
    service_tier: { source: 'anthropic-messages' },
  },
};

const UPSTREAM: Readonly<Record<string, string>> = { 'openai-chat': 'gpt', 'anthropic-messages': 'claude-sonnet-4-5' };

describe.each([
  ['openai-chat', openaiChat],
  ['anthropic-messages', anthropicMessages],
  ['ask', ask],
] satisfies [string, ProviderDialect][])('%s does what its table says', (id, dialect) => {
  test.each(FEATURES)('%s', (feature) => {
    const request = { ...FEATURE_REQUESTS[feature], ...OWN[id]?.[feature] };
    const ctx = { upstream_model: UPSTREAM[id] ?? '', stream: request.stream };
    const encode = (drop: boolean): readonly string[] =>
      dialect.encodeRequest(request, context({ ...ctx, drop: (name) => drop && name === feature })).ignored;
    const support = dialect.features[feature];
    switch (support.kind) {
      case 'native':
      case 'emulated':
        expect(encode(false)).toEqual([]);
        break;
      case 'ignored':
        expect(encode(false)).toEqual([feature]);
        break;
      case 'refused': {
        const said = {
          code: 'untranslatable',
          param: feature,
          message: expect.stringContaining(support.reason) as string,
        };
        expect(() => encode(false)).toThrowError(expect.objectContaining(said));
        // Without its audio the example has no content left, which is refused in its turn.
        if (feature !== 'audio_input') expect(encode(true)).toEqual([feature]);
      }
    }
  });
});
