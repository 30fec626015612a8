import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { discoverConfig, KNOWN_MODELS, KNOWN_MODELS_AS_OF } from '../../src/config/index.ts';
import { valid } from './support.ts';

const OLLAMA = {
  base_url: 'http://127.0.0.1:11434',
  models: [
    { name: 'llama3.2:3b', context: 131_072, capabilities: ['completion', 'tools'] },
    { name: 'nomic-embed-text:latest', context: 2_048, capabilities: ['embedding'] },
    { name: 'bare:latest' },
    { name: 'not a name' },
  ],
};

describe('discovery', () => {
  test('finds nothing: two simulated models, said to be so', () => {
    const { config, notes, simulated } = discoverConfig({}, undefined);
    expect(simulated).toBe(true);
    expect(config.providers.map(({ id, type }) => [id, type])).toEqual([
      ['sim-fast', 'sim'],
      ['sim-smart', 'sim'],
      // Whoever dials in is routed to at once.
      ['agents', 'agent'],
    ]);
    expect(config.models.map(({ id, provider }) => [id, provider])).toEqual([
      ['sim-fast', 'sim-fast'],
      ['sim-smart', 'sim-smart'],
    ]);
    const [fast, smart] = config.providers;
    expect(fast?.sim?.quality).toBeLessThan(smart?.sim?.quality ?? 0);
    expect(fast?.sim?.latency_ms.p50).toBeLessThan(smart?.sim?.latency_ms.p50 ?? 0);
    expect(config.models[0]?.price?.out_usd_per_mtok).toBeLessThan(config.models[1]?.price?.out_usd_per_mtok ?? 0);
    expect(notes.every((note) => note.includes('simulated'))).toBe(true);
  });

  test('takes vendors from their keys, and no simulator beside them', () => {
    const { config, notes, simulated } = discoverConfig(
      { OPENAI_API_KEY: ' sk-o\n', ANTHROPIC_API_KEY: 'sk-a', GEMINI_API_KEY: 'g' },
      undefined,
    );
    expect(simulated).toBe(false);
    expect(
      config.providers.map(({ id, api_key, base_url, allow_any_model }) => [id, api_key, base_url, allow_any_model]),
    ).toEqual([
      ['openai', 'sk-o', 'https://api.openai.com/v1', true],
      ['anthropic', 'sk-a', 'https://api.anthropic.com', true],
      ['gemini', 'g', 'https://generativelanguage.googleapis.com', true],
      ['agents', undefined, undefined, true],
    ]);
    expect(config.models).toHaveLength(Object.values(KNOWN_MODELS).flat().length);
    expect(notes.join()).not.toMatch(/sk-[oa]/);
  });

  test.each([
    { OPENAI_API_KEY: '' },
    { OPENAI_API_KEY: '  ' },
    { OPENAI_API_KEY: 'two words' },
    { OPENAI_API_KEY: undefined },
  ])('an unusable key is none: %j', (env) => {
    expect(discoverConfig(env, undefined).simulated).toBe(true);
  });

  test('base addresses of the environment are not read: they may be the router itself', () => {
    const { config } = discoverConfig({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://127.0.0.1:7443/v1' }, undefined);
    expect(config.providers[0]?.base_url).toBe('https://api.openai.com/v1');
  });

  test('takes the models of a local Ollama, free of charge', () => {
    const { config } = discoverConfig({}, OLLAMA);
    expect(config.models.map(({ id, context, capabilities }) => [id, context, capabilities])).toEqual([
      ['llama3.2:3b', 131_072, ['chat', 'tools', 'json_mode', 'json_schema']],
      ['nomic-embed-text:latest', 2_048, ['embeddings']],
      ['bare:latest', 4_096, ['chat', 'json_mode', 'json_schema']],
    ]);
    expect(config.models[0]?.price).toEqual({ in_usd_per_mtok: 0, out_usd_per_mtok: 0, per_request_usd: 0 });
    // Room for all that a model can hold may be more than the machine has memory.
    expect(config.providers[0]?.send_context).toBe(false);
  });

  test.each([
    ['nothing pulled', []],
    ['embeddings only', [{ name: 'nomic-embed-text:latest', capabilities: ['embedding'] }]],
  ])('an Ollama with %s stays, beside simulated models', (_what, models) => {
    const { config, notes, simulated } = discoverConfig({}, { ...OLLAMA, models });
    expect(simulated).toBe(true);
    expect(config.providers.map(({ id }) => id)).toEqual(['ollama', 'sim-fast', 'sim-smart', 'agents']);
    expect(config.providers[0]?.allow_any_model).toBe(true);
    const chat = config.models.filter((model) => model.capabilities.includes('chat'));
    expect(chat.map(({ id }) => id)).toEqual(['sim-fast', 'sim-smart']);
    expect(notes[0]).toMatch(/^ollama: .*no chat model; ollama pull llama3\.2/);
    // A vector does not say that it is invented.
    const vectors = config.models.filter((model) => model.capabilities.includes('embeddings'));
    expect(vectors.map(({ provider }) => provider)).toEqual(models.length > 0 ? ['ollama'] : ['sim-fast', 'sim-smart']);
  });

  test('beside a vendor, an Ollama without a chat model brings no simulation', () => {
    const { config, notes, simulated } = discoverConfig({ OPENAI_API_KEY: 'k' }, { ...OLLAMA, models: [] });
    expect(simulated).toBe(false);
    expect(config.providers.map(({ id }) => id)).toEqual(['openai', 'ollama', 'agents']);
    expect(notes[1]).toContain('no chat model');
  });

  test('is bounded, and a local model does not take the name of a known one', () => {
    const models = [...Array.from({ length: 100 }, (_, i) => ({ name: `m${i}` })), { name: 'late' }];
    expect(discoverConfig({}, { ...OLLAMA, models }).config.models).toHaveLength(64);
    const name = KNOWN_MODELS.openai[0]?.id ?? '';
    const both = discoverConfig({ OPENAI_API_KEY: 'k' }, { ...OLLAMA, models: [{ name }] });
    expect(both.config.models.filter((model) => model.id === name).map((model) => model.provider)).toEqual(['openai']);
  });

  test.each([
    [{}, undefined],
    [{}, { ...OLLAMA, models: [] }],
    [{ OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k' }, OLLAMA],
  ] as const)('is a configuration like any other: it passes the check as a file', (env, ollama) => {
    const { config } = discoverConfig(env, ollama);
    expect(valid(stringify(config))).toEqual(config);
  });
});

test('the table of known models is dated and complete', () => {
  expect(KNOWN_MODELS_AS_OF).toMatch(/^20\d\d-\d\d$/);
  for (const model of Object.values(KNOWN_MODELS).flat()) {
    const { price } = model;
    expect(price.out_usd_per_mtok, model.id).toBeGreaterThanOrEqual(
      model.capabilities.includes('embeddings') ? 0 : price.in_usd_per_mtok,
    );
    expect(price.cached_in_usd_per_mtok ?? 0, model.id).toBeLessThanOrEqual(price.in_usd_per_mtok);
  }
});
