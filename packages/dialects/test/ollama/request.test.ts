import { isAtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { FEATURES, type GenRequest } from '../../src/index.ts';
import { ollama } from '../../src/ollama/index.ts';
import { FEATURE_REQUESTS } from '../gemini/feature-requests.ts';
import { context, request } from '../gemini/wire.ts';

const encode = (over: Partial<GenRequest>) => ollama.encodeRequest(request(over), context({ upstream_model: 'qwen3' }));

describe('ollama: requests', () => {
  test('room is asked for as much as the model’s declared context', () => {
    const ctx = context({ upstream_model: 'qwen3', context_tokens: 8_192 });
    expect(ollama.encodeRequest(request(), ctx).body['options']).toEqual({ num_ctx: 8_192 });
    expect(encode({}).body['options']).toBeUndefined();
  });

  test('everything that it can say at once', () => {
    const { body, ignored } = encode({
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Look:' },
            { type: 'image', source: { kind: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'file', source: { kind: 'text', text: 'notes' } },
          ],
        },
        {
          role: 'assistant',
          parts: [
            { type: 'thinking', text: 'hm', origin: 'ollama' },
            { type: 'text', text: 'Calling.' },
            { type: 'tool_call', id: 'c1', name: 'f', args_json: '{"a":1}' },
          ],
        },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'and now?' },
            { type: 'tool_result', call_id: 'c1', content: [{ type: 'text', text: 'no' }], is_error: true },
          ],
        },
      ],
      tools: [{ name: 'f', description: 'Does f.', parameters: { type: 'object' } }],
      max_output_tokens: 100,
      temperature: 0.2,
      top_p: 0.9,
      top_k: 40,
      stop: ['END'],
      seed: 7,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      logprobs: { top: 3 },
      response_format: { type: 'json_schema', name: 'x', schema: { type: 'object' } },
      reasoning: { effort: 'xhigh' },
    });
    expect(ignored).toEqual([]);
    expect(body).toEqual({
      model: 'qwen3',
      stream: false,
      truncate: false,
      messages: [
        { role: 'system', content: 'Be brief.\n\nBe kind.' },
        { role: 'user', content: 'Look:\n\nnotes', images: ['AAAA'] },
        {
          role: 'assistant',
          content: 'Calling.',
          thinking: 'hm',
          tool_calls: [{ id: 'c1', function: { name: 'f', arguments: { a: 1 } } }],
        },
        { role: 'tool', content: 'Error: no', tool_name: 'f', tool_call_id: 'c1' },
        { role: 'user', content: 'and now?' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'Does f.', parameters: { type: 'object' } } }],
      format: { type: 'object' },
      think: 'high',
      logprobs: true,
      top_logprobs: 3,
      options: {
        num_predict: 100,
        temperature: 0.2,
        top_p: 0.9,
        top_k: 40,
        seed: 7,
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
        stop: ['END'],
      },
    });
  });

  test.each([
    [{ effort: 'none' }, false],
    [{ effort: 'minimal' }, 'low'],
    [{ budget_tokens: 8_000 }, 'medium'],
    [{ budget_tokens: 0 }, false],
    [{ adaptive: true }, true],
    [{ include: true }, true],
    [{}, undefined],
  ] as const)('reasoning %o is think: %s', (reasoning, think) => {
    expect(encode({ reasoning }).body['think']).toBe(think);
  });

  test('no tools are offered where none may be called', () => {
    const { body } = encode({ tools: [{ name: 'f', parameters: {} }], tool_choice: { type: 'none' } });
    expect(body['tools']).toBeUndefined();
  });

  test('no-op defaults are never refused', () => {
    const { ignored } = encode({ logit_bias: {}, service_tier: 'auto', tool_choice: { type: 'auto' }, n: 1 });
    expect(ignored).toEqual([]);
  });

  test.each(FEATURES)('the feature table tells the truth about %s', (feature) => {
    const support = ollama.features[feature];
    const wanted = FEATURE_REQUESTS[feature];
    const run = (drop: boolean) => ollama.encodeRequest(wanted, context({ stream: wanted.stream, drop: () => drop }));
    if (support.kind === 'refused') {
      try {
        run(false);
        expect.unreachable();
      } catch (error) {
        expect(isAtpError(error) && error.code === 'untranslatable' && error.param).toBe(feature);
      }
      expect(run(true).ignored).toEqual([feature]);
    } else {
      expect(run(false).ignored).toEqual(support.kind === 'ignored' ? [feature] : []);
      if (support.kind === 'native' && feature !== 'text') {
        const plain = JSON.stringify(ollama.encodeRequest(request(), context()).body);
        expect(JSON.stringify(run(false).body)).not.toBe(plain);
      }
    }
  });
});
