import { isAtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { gemini } from '../../src/gemini/index.ts';
import { FEATURES, type GenRequest } from '../../src/index.ts';
import { FEATURE_REQUESTS } from './feature-requests.ts';
import { context, request } from './wire.ts';

const encode = (over: Partial<GenRequest>, model = 'gemini-2.5-flash') =>
  gemini.encodeRequest(request(over), context({ upstream_model: model }));

describe('gemini: requests', () => {
  test('everything that it can say at once', () => {
    const { body, ignored } = encode({
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'Look:' },
            { type: 'image', source: { kind: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'image', source: { kind: 'url', url: 'https://example.com/a.JPG?x=1' } },
            { type: 'audio', format: 'wav', data: 'UklG' },
            { type: 'file', source: { kind: 'text', text: 'notes' } },
          ],
        },
        {
          role: 'assistant',
          parts: [
            { type: 'tool_call', id: 'c1', name: 'f', args_json: '{"a":1}' },
            { type: 'tool_call', id: 'c2', name: 'g', args_json: '' },
          ],
        },
        {
          role: 'user',
          parts: [
            { type: 'text', text: 'and now?' },
            { type: 'tool_result', call_id: 'c1', content: [{ type: 'text', text: '42' }] },
            { type: 'tool_result', call_id: 'c2', content: [{ type: 'text', text: 'boom' }], is_error: true },
          ],
        },
        { role: 'user', parts: [{ type: 'text', text: 'Please.' }] },
      ],
      tools: [
        {
          name: 'f',
          description: 'Does f.',
          parameters: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
        },
      ],
      tool_choice: { type: 'tool', name: 'f' },
      max_output_tokens: 100,
      temperature: 0.2,
      top_p: 0.9,
      top_k: 40,
      stop: ['END'],
      seed: 7,
      n: 2,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      logprobs: { top: 3 },
      response_format: { type: 'json_schema', name: 'x', schema: { type: 'object' } },
      reasoning: { effort: 'medium', include: true },
      service_tier: 'flex',
    });
    expect(ignored).toEqual([]);
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'Look:' },
            { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
            { fileData: { mimeType: 'image/jpeg', fileUri: 'https://example.com/a.JPG?x=1' } },
            { inlineData: { mimeType: 'audio/wav', data: 'UklG' } },
            { text: 'notes' },
          ],
        },
        {
          role: 'model',
          parts: [
            { functionCall: { id: 'c1', name: 'f', args: { a: 1 } } },
            { functionCall: { id: 'c2', name: 'g', args: {} } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'c1', name: 'f', response: { output: '42' } } },
            { functionResponse: { id: 'c2', name: 'g', response: { error: 'boom' } } },
            { text: 'and now?' },
            { text: 'Please.' },
          ],
        },
      ],
      tools: [
        {
          functionDeclarations: [{ name: 'f', description: 'Does f.', parametersJsonSchema: { type: 'object' } }],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: {
        maxOutputTokens: 100,
        temperature: 0.2,
        topP: 0.9,
        topK: 40,
        stopSequences: ['END'],
        seed: 7,
        candidateCount: 2,
        frequencyPenalty: 0.1,
        presencePenalty: 0.2,
        responseLogprobs: true,
        logprobs: 3,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
        thinkingConfig: { thinkingBudget: 8_192, includeThoughts: true },
      },
      serviceTier: 'flex',
    });
  });

  test.each([
    ['gemini-2.5-flash', { effort: 'none' }, { thinkingBudget: 0 }],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }],
    ['models/gemini-2.5-flash', { budget_tokens: 60_000 }, { thinkingBudget: 24_576 }],
    ['gemini-2.5-flash', { adaptive: true }, { thinkingBudget: -1 }],
    ['gemini-3-flash-preview', { effort: 'none' }, { thinkingLevel: 'minimal' }],
    ['gemini-3.1-pro-preview', { effort: 'minimal' }, { thinkingLevel: 'low' }],
    ['gemini-3-flash-preview', { budget_tokens: 8_000 }, { thinkingLevel: 'medium' }],
    ['gemini-flash-latest', { effort: 'max' }, { thinkingLevel: 'high' }],
  ] as const)('%s thinks by its own measure: %o', (model, reasoning, thinkingConfig) => {
    expect(encode({ reasoning }, model).body['generationConfig']).toEqual({ thinkingConfig });
  });

  test('adaptive thinking is what later models do anyway', () => {
    expect(encode({ reasoning: { adaptive: true } }, 'gemini-3-flash').body['generationConfig']).toBeUndefined();
  });

  test('a call without its signature gets the documented stand-in, the first of a message only, from Gemini 3 on', () => {
    const messages: GenRequest['messages'] = [
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', id: 'a', name: 'f', args_json: '{}' },
          { type: 'tool_call', id: 'b', name: 'f', args_json: '{}' },
        ],
      },
    ];
    const signatures = (model: string) => {
      const [content] = encode({ messages }, model).body['contents'] as unknown as [
        { parts: { thoughtSignature?: string }[] },
      ];
      return content.parts.map((part) => part.thoughtSignature);
    };
    expect(signatures('gemini-3-pro-preview')).toEqual(['skip_thought_signature_validator', undefined]);
    expect(signatures('gemini-2.5-pro')).toEqual([undefined, undefined]);
    expect(signatures('gemma-3-27b-it')).toEqual([undefined, undefined]);
  });

  test('a prompt of system text alone is sent as contents', () => {
    const { body } = encode({ system: [{ type: 'text', text: 'Say hi.' }], messages: [] });
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'Say hi.' }] }] });
  });

  test('the cap of the router wins over the limit of the client', () => {
    const { body } = gemini.encodeRequest(request({ max_output_tokens: 100 }), context({ max_output_tokens: 10 }));
    expect(body['generationConfig']).toEqual({ maxOutputTokens: 10 });
  });

  test('no-op defaults are never refused', () => {
    const { ignored } = encode({ logit_bias: {}, service_tier: 'auto', tool_choice: { type: 'auto' }, n: 1 });
    expect(ignored).toEqual([]);
  });

  test('what it cannot say is refused by name, or dropped where the operator says so', () => {
    const odd: Partial<GenRequest>[] = [
      { tools: [{ name: 'f', parameters: {} }], parallel_tool_calls: false },
      { messages: [{ role: 'user', parts: [{ type: 'tool_result', call_id: 'x', content: [] }] }] },
      { messages: [{ role: 'assistant', parts: [{ type: 'tool_call', id: 'x', name: 'f', args_json: '{"a":' }] }] },
      { messages: [{ role: 'user', parts: [{ type: 'opaque', origin: 'anthropic-messages', raw: { type: 'x' } }] }] },
    ];
    const fields = ['parallel_tool_calls', 'tool_results', 'tool_calls', 'x'];
    odd.forEach((over, i) => {
      expect(() => encode(over)).toThrowError(new RegExp(`"${fields[i]}" cannot be expressed`));
      const dropped = gemini.encodeRequest(request(over), context({ drop: () => true }));
      expect(dropped.ignored).toEqual([fields[i]]);
    });
  });

  test('foreign extras are listed', () => {
    const { ignored } = encode({
      extra: { store: true },
      tools: [{ name: 'f', parameters: {}, extra: { defer_loading: true } }],
      messages: [{ role: 'user', name: 'bob', parts: [{ type: 'text', text: 'Hi' }] }],
    });
    expect(ignored).toEqual(['name', 'tools.defer_loading', 'store']);
  });

  test.each(FEATURES)('the feature table tells the truth about %s', (feature) => {
    const support = gemini.features[feature];
    const wanted = FEATURE_REQUESTS[feature];
    const run = (drop: boolean) => gemini.encodeRequest(wanted, context({ stream: wanted.stream, drop: () => drop }));
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
      if (support.kind !== 'ignored' && feature !== 'text' && !feature.startsWith('stream')) {
        const plain = JSON.stringify(gemini.encodeRequest(request(), context()).body);
        expect(JSON.stringify(run(false).body)).not.toBe(plain);
      }
    }
  });
});
