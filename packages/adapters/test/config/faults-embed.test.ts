import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../src/index.ts';
import { testFaults } from './faults.ts';
import { append, problems } from './support.ts';

testFaults('what makes vectors', [
  {
    why: 'no model for a type that asks one',
    text: append('embeddings: { type: model }'),
    at: ['10:13 embeddings.model'],
    message: /^type model needs "model"$/,
  },
  {
    why: 'a model that there is not',
    text: append('embeddings: { type: model, model: nobody }'),
    at: ['10:35 embeddings.model'],
    message: /^no model has the id "nobody"$/,
  },
  {
    why: 'a file without its tokenizer',
    text: append('embeddings: { type: onnx, file: m.onnx }'),
    at: ['10:13 embeddings.tokenizer'],
    message: /^type onnx needs "tokenizer"$/,
  },
  {
    why: 'keys that hashed vectors have no use for',
    text: append('embeddings: { timeout_ms: 100 }'),
    at: ['10:15 embeddings.timeout_ms'],
    message: /^"timeout_ms" does nothing for type hashed$/,
  },
  {
    why: 'keys of another type',
    text: append('embeddings: { pooling: cls, dimensions: 8 }'),
    at: ['10:15 embeddings.pooling', '10:29 embeddings.dimensions'],
    message: /^"pooling" belongs to type onnx only$/,
  },
]);

describe('a model that embeds', () => {
  const config = (provider: object, model: object): string =>
    JSON.stringify({
      providers: [{ id: 'p', ...provider }],
      models: [{ id: 'm', provider: 'p', context: 512, ...model }],
      embeddings: { type: 'model', model: 'm' },
    });
  const said = (text: string): readonly string[] => problems(text).map(({ path, message }) => `${path}: ${message}`);
  const openai = { type: 'openai', base_url: 'http://127.0.0.1:1', api_key: 'k' };
  const embeds = { capabilities: ['embeddings'] };

  test('is declared to', () => {
    expect(said(config(openai, embeds))).toEqual([]);
    expect(said(config(openai, {}))).toEqual(['embeddings.model: "m" does not embed']);
  });

  test('is at a provider that can', () => {
    const [first] = said(config({ type: 'anthropic', api_key: 'k' }, embeds));
    expect(first).toMatch(/embeddings/);
  });
});

test('paths are beside the file', () => {
  const text = append('embeddings: { type: onnx, file: m.onnx, tokenizer: /t.json }');
  const checked = checkConfig(text, { env: () => undefined, file: () => undefined }, { base_dir: '/etc/atp' });
  expect(checked).toMatchObject({
    config: { embeddings: { file: '/etc/atp/m.onnx', tokenizer: '/t.json', max_tokens: 256, timeout_ms: 2_000 } },
  });
});
