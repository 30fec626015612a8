import { isAtpError } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldEvents } from '../../src/fold.ts';
import { gemini } from '../../src/gemini/index.ts';
import { context, decodeStream, fixtureBytes, fixtureJson, request } from './wire.ts';

describe('gemini: whole answers', () => {
  test('text, with thoughts counted into the output and cached tokens within the input', () => {
    expect(gemini.decodeResponse(fixtureJson('gemini/plain.json'))).toEqual({
      id: 'x3JRaKbYNOqdvdIPo4jB8AE',
      model: 'gemini-2.5-flash',
      created_s: 0,
      choices: [{ parts: [{ type: 'text', text: 'The sky is blue because of Rayleigh scattering.' }], finish: 'stop' }],
      usage: { in_tokens: 12, out_tokens: 43, cached_in_tokens: 4, cache_write_tokens: 0, reasoning_tokens: 33 },
    });
  });

  test('thoughts are thinking of its own; a signature on text is kept as an opaque part', () => {
    const response = gemini.decodeResponse(fixtureJson('gemini/thinking.json'));
    expect(response.choices[0]?.parts).toEqual([
      { type: 'thinking', text: '**Considering the question**\n\nScattering.', origin: 'gemini' },
      { type: 'text', text: 'Blue light scatters more.' },
      { type: 'opaque', origin: 'gemini', raw: { text: '', thoughtSignature: 'CswBAVSoXO4tcXQ=' } },
    ]);
  });

  test('function calls: ids of its own are kept, missing ones are made from the answer and the position', () => {
    const response = gemini.decodeResponse(fixtureJson('gemini/tools.json'));
    expect(response.choices).toEqual([
      {
        finish: 'tool_calls',
        parts: [
          {
            type: 'tool_call',
            id: 'call_A1b2C3d4E5f6G7h8I9j0K1l_0_0',
            name: 'get_weather',
            args_json: '{"city":"Paris"}',
            signature: 'CiQBVKhc7lZ2aXNpYmxl',
          },
          {
            type: 'tool_call',
            id: 'call_A1b2C3d4E5f6G7h8I9j0K1l_0_1',
            name: 'get_weather',
            args_json: '{"city":"Rome"}',
          },
          { type: 'tool_call', id: 'fc_7', name: 'now', args_json: '{}' },
        ],
      },
    ]);
  });

  test('several candidates come in the order of their index, with log-probabilities in one form', () => {
    const { choices } = gemini.decodeResponse(fixtureJson('gemini/candidates.json'));
    expect(choices).toEqual([
      {
        parts: [{ type: 'text', text: 'yes' }],
        finish: 'stop',
        logprobs: {
          content: [
            {
              token: 'yes',
              logprob: -0.01,
              bytes: [121, 101, 115],
              top_logprobs: [
                { token: 'yes', logprob: -0.01, bytes: [121, 101, 115] },
                { token: 'é', logprob: -4.6, bytes: [195, 169] },
              ],
            },
          ],
          refusal: null,
        },
      },
      { parts: [{ type: 'text', text: 'no' }], finish: 'length' },
    ]);
  });

  test('traces of hosted tools are opaque, and what they fed back is input', () => {
    const response = gemini.decodeResponse(fixtureJson('gemini/code-execution.json'));
    expect(response.choices[0]?.parts.map((p) => p.type)).toEqual(['opaque', 'opaque', 'text']);
    expect(response.usage?.in_tokens).toBe(120);
  });

  test('a blocked prompt is a filtered answer, not an error', () => {
    expect(gemini.decodeResponse(fixtureJson('gemini/blocked.json')).choices).toEqual([
      {
        parts: [{ type: 'refusal', text: 'The provider blocked the prompt (PROHIBITED_CONTENT).' }],
        finish: 'content_filter',
      },
    ]);
  });

  test.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content_filter'],
    ['RECITATION', 'content_filter'],
    ['SPII', 'content_filter'],
    ['MALFORMED_FUNCTION_CALL', 'error'],
    ['OTHER', 'error'],
    ['A_REASON_OF_NEXT_YEAR', 'error'],
  ])('finish reason %s is %s', (finishReason, finish) => {
    const response = gemini.decodeResponse({ candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason }] });
    expect(response.choices[0]?.finish).toBe(finish);
  });

  test('neither candidates nor a reason for their absence is an upstream error', () => {
    expect(() => gemini.decodeResponse({})).toThrowError(/without "candidates"/);
  });

  test('its own parts go back exactly as they came', () => {
    for (const file of ['tools', 'thinking', 'code-execution']) {
      const wire = fixtureJson(`gemini/${file}.json`) as unknown as {
        candidates: [{ content: { parts: Record<string, unknown>[] } }];
      };
      const parts = gemini.decodeResponse(fixtureJson(`gemini/${file}.json`)).choices[0]?.parts ?? [];
      const { body, ignored } = gemini.encodeRequest(
        request({ messages: [{ role: 'assistant', parts }] }),
        context({ upstream_model: 'gemini-3-pro-preview' }),
      );
      const [content] = body['contents'] as unknown as [{ parts: Record<string, unknown>[] }];
      const withoutMadeIds = content.parts.map((part) => {
        const call = part['functionCall'] as { id?: string; args?: object } | undefined;
        if (call === undefined) return part;
        const { id, ...rest } = call;
        return { ...part, functionCall: id?.startsWith('call_') === true ? rest : call };
      });
      const expected = wire.candidates[0].content.parts.flatMap((part) => {
        const call = part['functionCall'] as { args?: object } | undefined;
        if (call !== undefined) return [{ ...part, functionCall: { args: {}, ...call } }];
        const { thoughtSignature, ...text } = part;
        return thoughtSignature === undefined ? [part] : [text, { text: '', thoughtSignature }];
      });
      expect(withoutMadeIds).toEqual(expected);
      expect(ignored).toEqual([]);
    }
  });

  test('arbitrary JSON gives an answer or an AtpError', () => {
    const json = fc.dictionary(
      fc.constantFrom('candidates', 'usageMetadata', 'promptFeedback', 'responseId', 'modelVersion', 'error'),
      fc.oneof(
        fc.jsonValue(),
        fc.array(
          fc.dictionary(
            fc.constantFrom('content', 'index', 'finishReason', 'logprobsResult'),
            fc.oneof(fc.jsonValue(), fc.record({ parts: fc.jsonValue() })),
          ),
        ),
      ),
    );
    fc.assert(
      fc.property(json, (body) => {
        for (const decode of [
          () => gemini.decodeResponse(body as never),
          () => gemini.streamDecoder().push({ event: '', data: JSON.stringify(body), raw: new Uint8Array() }),
          () => gemini.decodeError(400, JSON.stringify(body)),
        ]) {
          try {
            decode();
          } catch (error) {
            expect(isAtpError(error)).toBe(true);
          }
        }
      }),
      { seed: 11, numRuns: 150 },
    );
  });

  test('a stream folds into what the plain answer says', () => {
    const { events } = decodeStream(gemini, [fixtureBytes('gemini/tools-stream.sse')]);
    expect(foldEvents(events)).toEqual({
      id: 'st1',
      model: 'gemini-3-pro-preview',
      created_s: 0,
      choices: [
        {
          parts: [
            { type: 'thinking', text: '**Planning**', origin: 'gemini' },
            { type: 'text', text: 'I will look.' },
            {
              type: 'tool_call',
              id: 'call_st1_0_0',
              name: 'get_weather',
              args_json: '{"city":"Paris"}',
              signature: 'c2lnbmVk',
            },
            { type: 'tool_call', id: 'call_st1_0_1', name: 'get_weather', args_json: '{"city":"Rome"}' },
            { type: 'opaque', origin: 'gemini', raw: { text: '', thoughtSignature: 'dGFpbA==' } },
          ],
          finish: 'tool_calls',
        },
      ],
      usage: { in_tokens: 70, out_tokens: 35, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 10 },
    });
  });
});
