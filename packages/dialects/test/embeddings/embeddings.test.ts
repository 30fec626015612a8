import { embedSupport, openaiEmbedIngress as ingress } from '@atp-router/dialects';
import { AtpError, type JsonObject } from '@atp-router/kernel';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { codec } from './codec.ts';

const LIMITS = { inputs: 3 };
const CTX = { upstream_model: 'embed-x', drop: () => false };

describe('ingress', () => {
  it.each<[JsonObject['input'], unknown]>([
    ['a', ['a']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
  ])('reads input %j', (input, inputs) => {
    expect(ingress.decodeRequest({ model: 'm', input })).toEqual({
      model: 'm',
      inputs,
      encoding_format: 'float',
      extra: {},
    });
  });

  it('reads every field', () => {
    const body = { model: 'm', input: 'a', dimensions: 64, encoding_format: 'base64', user: 'u', input_type: 'query' };
    expect(ingress.decodeRequest(body)).toEqual({
      model: 'm',
      inputs: ['a'],
      dimensions: 64,
      encoding_format: 'base64',
      user: 'u',
      extra: { input_type: 'query' },
    });
  });

  it('probes', () => {
    expect(ingress.probe({ model: 'm', input: ['ab', 'c'] }, LIMITS)).toEqual({
      model: 'm',
      inputs: 2,
      text_chars: 3,
      given_tokens: 0,
      encoding_format: 'float',
    });
    expect(ingress.probe({ model: 'm', input: [[1, 2], [3]] }, LIMITS)).toMatchObject({ inputs: 2, given_tokens: 3 });
  });

  it.each<[JsonObject, string]>([
    [{ input: 'a' }, 'model'],
    [{ model: 'm' }, 'input'],
    [{ model: 'm', input: [] }, 'input'],
    [{ model: 'm', input: ['a', 1] }, 'input[1]'],
    [{ model: 'm', input: [[1], 'a'] }, 'input[1]'],
    [{ model: 'm', input: [1, 'a'] }, 'input'],
    [{ model: 'm', input: [[]] }, 'input[0]'],
    [{ model: 'm', input: [[-1]] }, 'input[0]'],
    [{ model: 'm', input: 'a', encoding_format: 'hex' }, 'encoding_format'],
    [{ model: 'm', input: 'a', dimensions: 0 }, 'dimensions'],
  ])('refuses %j', (body, param) => {
    expect(() => ingress.decodeRequest(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  it('refuses more inputs than the limit', () => {
    expect(() => ingress.probe({ model: 'm', input: ['a', 'b', 'c', 'd'] }, LIMITS)).toThrow(
      expect.objectContaining({ code: 'invalid_request', param: 'input' }),
    );
  });

  it('answers in the format that was asked for', () => {
    const usage = { in_tokens: 5, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const response = { model: 'u', vectors: [[0.5, -1], 'AAAAPwAAgL8='], usage };
    const body = (encoding_format: 'float' | 'base64'): JsonObject =>
      ingress.encodeResponse(response, { model: 'small', encoding_format });
    expect(body('float')).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -1] },
        { object: 'embedding', index: 1, embedding: [0.5, -1] },
      ],
      model: 'small',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    });
    expect(body('base64')['data']).toEqual([
      { object: 'embedding', index: 0, embedding: 'AAAAPwAAgL8=' },
      { object: 'embedding', index: 1, embedding: 'AAAAPwAAgL8=' },
    ]);
  });

  it.each(['A', 'AAAA', 'AAAAPwAAgL8*', '☃☃☃☃'])('a vector of %j is an error of the provider', (vector) => {
    expect(() =>
      ingress.encodeResponse({ model: 'u', vectors: [vector] }, { model: 'm', encoding_format: 'float' }),
    ).toThrow(expect.objectContaining({ code: 'upstream_error' }));
  });

  it('writes errors as OpenAI does', () => {
    expect(ingress.encodeError(new AtpError('model_not_found', 'No.'), 'r1')).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found', message: 'No.', request_id: 'r1' } },
    });
  });

  it('is read by the official client, which asks for base64 by default', async () => {
    const floats = Array.from({ length: 100 }, (_, i) => Math.fround(Math.sin(i)));
    let asked: unknown;
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: 'http://127.0.0.1/v1',
      fetch: (_url, init) => {
        const body = JSON.parse(String(init?.body)) as JsonObject;
        asked = body['encoding_format'];
        const request = ingress.decodeRequest(body);
        const answer = ingress.encodeResponse({ model: 'u', vectors: [floats] }, request);
        return Promise.resolve(Response.json(answer));
      },
    });
    const answer = await client.embeddings.create({ model: 'small', input: 'a' });
    expect(asked).toBe('base64');
    expect(answer.data[0]?.embedding).toEqual(floats);
  });
});

describe('provider shapes', () => {
  const request = ingress.decodeRequest({ model: 'm', input: ['a', 'b'], dimensions: 64, user: 'u', input_type: 'q' });

  it('openai', () => {
    expect(codec('openai-chat').encodeRequest(request, CTX)).toEqual({
      body: {
        model: 'embed-x',
        input: ['a', 'b'],
        encoding_format: 'float',
        dimensions: 64,
        user: 'u',
        input_type: 'q',
      },
      ignored: [],
    });
    const entry = (index: number): JsonObject => ({ object: 'embedding', index, embedding: [index] });
    const usage = { prompt_tokens: 8, total_tokens: 8 };
    const body = { object: 'list', data: [entry(1), entry(0)], model: 'text-embedding-3-small', usage };
    expect(codec('openai-chat').decodeResponse(body, 2)).toEqual({
      model: 'text-embedding-3-small',
      vectors: [[0], [1]],
      usage: { in_tokens: 8, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
    });
  });

  it('gemini', () => {
    const part = (text: string): JsonObject => ({
      model: 'models/embed-x',
      content: { parts: [{ text }] },
      outputDimensionality: 64,
    });
    expect(codec('gemini').encodeRequest(request, CTX)).toEqual({
      body: { requests: [part('a'), part('b')] },
      ignored: ['user', 'input_type'],
    });
    expect(codec('gemini').decodeResponse({ embeddings: [{ values: [1] }, { values: [2] }] }, 2)).toEqual({
      model: '',
      vectors: [[1], [2]],
    });
    const counted = { embeddings: [{ values: [1] }], usageMetadata: { promptTokenCount: 3 } };
    expect(codec('gemini').decodeResponse(counted, 1).usage?.in_tokens).toBe(3);
  });

  it('ollama', () => {
    expect(codec('ollama').encodeRequest(request, CTX)).toEqual({
      body: { model: 'embed-x', input: ['a', 'b'], truncate: false, dimensions: 64 },
      ignored: ['user', 'input_type'],
    });
    const body = { model: 'embeddinggemma', embeddings: [[1], [2]], total_duration: 14, prompt_eval_count: 8 };
    expect(codec('ollama').decodeResponse(body, 2)).toMatchObject({
      model: 'embeddinggemma',
      vectors: [[1], [2]],
      usage: { in_tokens: 8 },
    });
  });

  it.each(['gemini', 'ollama'] as const)('%s refuses token numbers, even where the operator drops', (id) => {
    const tokens = ingress.decodeRequest({ model: 'm', input: [1, 2] });
    expect(() => codec(id).encodeRequest(tokens, { ...CTX, drop: () => true })).toThrow(
      expect.objectContaining({ code: 'untranslatable', param: 'input' }),
    );
    expect(codec('openai-chat').encodeRequest(tokens, CTX).body['input']).toEqual([[1, 2]]);
  });

  it('gemini refuses more than one batch', () => {
    const input = Array.from({ length: 101 }, () => 'a');
    expect(codec('gemini').inputs_max).toBe(100);
    expect(() => codec('gemini').encodeRequest(ingress.decodeRequest({ model: 'm', input }), CTX)).toThrow(
      expect.objectContaining({ code: 'untranslatable', param: 'input' }),
    );
  });

  it.each<[Parameters<typeof codec>[0], JsonObject]>([
    ['openai-chat', {}],
    ['openai-chat', { data: [{ embedding: [1] }] }],
    [
      'openai-chat',
      {
        data: [
          { embedding: [1], index: 0 },
          { embedding: [1], index: 0 },
        ],
      },
    ],
    [
      'openai-chat',
      {
        data: [
          { embedding: [1], index: 0 },
          { embedding: [1], index: 2 },
        ],
      },
    ],
    ['openai-chat', { data: [{ embedding: [1] }, { embedding: ['a'] }] }],
    ['gemini', { embeddings: [{ values: [1] }] }],
    ['gemini', { embeddings: [{ values: [1] }, { values: 'x' }] }],
    ['ollama', { embeddings: [[1], 2] }],
  ])('%s: an answer of %j for two inputs is an error of the provider', (id, body) => {
    expect(() => codec(id).decodeResponse(body, 2)).toThrow(
      expect.objectContaining({ code: 'upstream_error', origin: 'remote' }),
    );
  });

  it('says why Anthropic cannot', () => {
    expect(embedSupport('anthropic-messages')).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/Anthropic/),
    });
  });
});
