import { embedSupport } from '@atp-router/dialects';
import { describe, expect, test } from 'vitest';
import { endpointUrl, type Operation, type ProviderKind, providerOf } from '../src/index.ts';

const url = (kind: ProviderKind, operation: Operation, base?: string, upstream_model = 'm', stream = false) => {
  const provider = providerOf(kind);
  const endpoint = provider.endpoint({ operation, upstream_model, stream });
  if (endpoint === undefined) return undefined;
  const { origin, path } = endpointUrl(provider, base ?? provider.default_base_url, endpoint);
  return `${endpoint.method} ${origin}${path}`;
};

describe('addresses', () => {
  test.each<[ProviderKind, Operation, string | undefined]>([
    ['openai', 'generate', 'POST https://api.openai.com/v1/chat/completions'],
    ['openai', 'embed', 'POST https://api.openai.com/v1/embeddings'],
    ['openai', 'models', 'GET https://api.openai.com/v1/models'],
    ['openai', 'count_tokens', undefined],
    ['anthropic', 'generate', 'POST https://api.anthropic.com/v1/messages'],
    ['anthropic', 'count_tokens', 'POST https://api.anthropic.com/v1/messages/count_tokens'],
    ['anthropic', 'models', 'GET https://api.anthropic.com/v1/models?limit=1000'],
    ['anthropic', 'embed', undefined],
    ['gemini', 'generate', 'POST https://generativelanguage.googleapis.com/v1beta/models/m:generateContent'],
    ['gemini', 'embed', 'POST https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents'],
    ['gemini', 'count_tokens', 'POST https://generativelanguage.googleapis.com/v1beta/models/m:countTokens'],
    ['gemini', 'models', 'GET https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000'],
    ['ollama', 'generate', 'POST http://127.0.0.1:11434/api/chat'],
    ['ollama', 'embed', 'POST http://127.0.0.1:11434/api/embed'],
    ['ollama', 'models', 'GET http://127.0.0.1:11434/api/tags'],
    ['ollama', 'count_tokens', undefined],
    ['sim', 'generate', 'POST sim://local/chat/completions'],
  ])('%s %s', (kind, operation, expected) => {
    expect(url(kind, operation)).toBe(expected);
  });

  test('the Responses API has its own path and counts tokens', () => {
    const provider = providerOf('openai', 'responses');
    const query = { upstream_model: 'm', stream: true } as const;
    expect(provider.endpoint({ operation: 'generate', ...query })?.path).toBe('/responses');
    expect(provider.endpoint({ operation: 'count_tokens', ...query })?.path).toBe('/responses/input_tokens');
  });

  test('Gemini streams by another path and takes names of resources', () => {
    const base = 'https://g.example';
    expect(url('gemini', 'generate', base, 'tunedModels/a b', true)).toBe(
      'POST https://g.example/v1beta/tunedModels/a%20b:streamGenerateContent?alt=sse',
    );
  });

  test.each([
    ['https://proxy.example/', 'POST https://proxy.example/v1/messages'],
    ['https://proxy.example/v1', 'POST https://proxy.example/v1/messages'],
    ['https://proxy.example/v1/', 'POST https://proxy.example/v1/messages'],
    ['https://proxy.example/team/anthropic', 'POST https://proxy.example/team/anthropic/v1/messages'],
    ['https://proxy.example/x?tenant=7', 'POST https://proxy.example/x/v1/messages?tenant=7'],
  ])('a base address %s', (base, expected) => {
    expect(url('anthropic', 'generate', base)).toBe(expected);
  });

  test('a query of the base address joins the query of the path', () => {
    expect(url('gemini', 'generate', 'https://g.example?api=2', 'm', true)).toBe(
      'POST https://g.example/v1beta/models/m:streamGenerateContent?alt=sse&api=2',
    );
  });

  test('an address that is none is a fault of the configuration', () => {
    expect(() => url('openai', 'generate', 'localhost/v1')).toThrowError(/not an address/);
  });
});

describe('headers', () => {
  const common = ['content-type', 'application/json', 'user-agent', 'atp-router'];

  test.each<[ProviderKind, string[]]>([
    ['openai', [...common, 'authorization', 'Bearer k']],
    ['anthropic', [...common, 'anthropic-version', '2023-06-01', 'x-api-key', 'k']],
    ['gemini', [...common, 'x-goog-api-key', 'k']],
    ['ollama', [...common, 'authorization', 'Bearer k']],
    ['sim', common],
  ])('%s', (kind, expected) => {
    expect(providerOf(kind).headers('k', [])).toEqual(expected);
  });

  test('no key, no header', () => {
    expect(providerOf('ollama').headers(undefined, [])).toEqual(common);
    expect(providerOf('openai').headers('', [])).toEqual(common);
  });

  test('extra headers replace those of the same name, whatever its case', () => {
    const headers = providerOf('anthropic').headers('k', ['Anthropic-Version', '2099-01-01', 'X-Team', 'a']);
    expect(headers).toEqual([...common, 'anthropic-version', '2099-01-01', 'x-api-key', 'k', 'x-team', 'a']);
  });

  test('a key with a line break never reaches the wire, nor the message', () => {
    const send = () => providerOf('openai').headers('secret\r\nx-evil: 1', []);
    expect(send).toThrowError(/line breaks/);
    expect(send).not.toThrowError(/secret/);
  });
});

describe('lists of models', () => {
  test('Gemini names resources, the rest plain ids', () => {
    const gemini = providerOf('gemini').readModels({
      models: [{ name: 'models/gemini-x' }, { name: 'tunedModels/y' }],
    });
    expect(gemini).toEqual(['gemini-x', 'tunedModels/y']);
    expect(providerOf('ollama').readModels({ models: [{ name: 'a:7b' }, { model: 'nameless' }] })).toEqual(['a:7b']);
  });

  test('another answer is not an empty list', () => {
    expect(() => providerOf('openai').readModels({ error: 'x' })).toThrowError(/without "data"/);
  });
});

test('what a kind can carry agrees with what its shape can say', () => {
  for (const provider of [
    ...(['openai', 'anthropic', 'gemini', 'ollama', 'sim'] as const).map((k) => providerOf(k)),
    providerOf('openai', 'responses'),
  ]) {
    const { features } = provider.dialect;
    const says = (feature: keyof typeof features) =>
      features[feature].kind === 'native' || features[feature].kind === 'emulated';
    const wanted = [
      says('tools') && 'tools',
      says('image_base64') && 'vision',
      says('audio_input') && 'audio',
      says('files') && 'documents',
      says('json_object') && 'json_mode',
      says('json_schema') && 'json_schema',
      says('reasoning_effort') && 'reasoning',
      says('logprobs') && 'logprobs',
      embedSupport(provider.dialect.id).kind === 'native' && 'embeddings',
    ].filter((c) => c !== false);
    // The simulation speaks Chat Completions, but looks at neither sound nor documents.
    const expected = provider.kind === 'sim' ? wanted.filter((c) => c !== 'audio' && c !== 'documents') : wanted;
    expect([provider.kind, provider.capabilities]).toEqual([provider.kind, ['chat', ...expected]]);
  }
});
