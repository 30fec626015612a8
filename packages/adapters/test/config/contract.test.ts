import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { checkConfig, referenceRows } from '../../src/config/index.ts';
import { insert, problems, SMALL, type Values, valid } from './support.ts';

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
const FULL_ENV: Values = { OPENAI_KEY: 'sk-1', OTLP_TOKEN: 'token-1' };
const FULL_FILES: Values = { 'secrets/db': 'postgres://u:p@h/d\n' };

describe('the contract', () => {
  const config = valid(fixture('contract.yaml'), { KEY: 'sk-test' });

  test('is read as it is written', () => {
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 7443 });
    expect(config.providers[0]).toMatchObject({
      id: 'up',
      type: 'openai',
      base_url: 'http://127.0.0.1:9000/v1',
      api_key: 'sk-test',
    });
    expect(config.models.map((model) => [model.id, model.upstream_model, model.price?.out_usd_per_mtok])).toEqual([
      ['small', 'gpt-x-mini', 2],
      ['big', 'gpt-x', 15],
    ]);
    expect(config.agents[0]).toEqual({
      id: 'reviewer.fast',
      model: 'small',
      system_prompt: '…',
      qos: 'silver',
      window: {},
    });
    expect(config.policies[0]).toMatchObject({
      match: { task_type: 'code_review' },
      fallback: ['small', 'big'],
      budget: { usd: 2.5, tokens: 800_000 },
    });
    expect(config.tenants[0]).toMatchObject({
      id: 'acme',
      qos_max: 'gold',
      at_limit: 'reject',
      window: { max_parallel: 32, max_tokens: 400_000, max_usd_micros: 5_000_000 },
    });
  });

  test('is frozen to the last leaf', () => {
    const leaves: unknown[] = [config];
    for (const value of leaves) {
      expect(Object.isFrozen(value)).toBe(true);
      if (typeof value === 'object' && value !== null) leaves.push(...Object.values(value));
    }
    expect(leaves.length).toBeGreaterThan(100);
  });
});

describe('a small file', () => {
  const config = valid(SMALL.join('\n'));

  test('gets every default', () => {
    expect(config.data_dir).toBe('./.atp');
    expect(config.limits).toEqual(DEFAULT_LIMITS);
    expect(config.tenants).toEqual([]);
    expect(config.journal).toEqual({
      fsync: 'interval',
      fsync_interval_ms: 50,
      segment_bytes: 67_108_864,
      retain_days: 400,
    });
    expect(config.providers[0]).toMatchObject({
      base_url: 'https://api.openai.com/v1',
      api: 'chat',
      retry: { max_attempts: 3 },
      breaker: { min_calls: 20 },
      readiness: {},
    });
    expect(config.providers[0]).not.toHaveProperty('sim');
    expect(config.models[0]).toMatchObject({
      upstream_model: 'small',
      safety_grade: 'D',
      status: 'active',
      on_untranslatable: 'reject',
      capabilities: ['chat'],
    });
  });

  test('may be JSON, with tabs', () => {
    const json = JSON.stringify(
      { providers: [{ id: 's', type: 'sim' }], models: [{ id: 'm', provider: 's', context: 1 }] },
      null,
      '\t',
    );
    expect(valid(json).providers[0]?.sim).toMatchObject({ seed: 1, latency_ms: { p50: 40, p95: 120 } });
    expect(valid(json).models[0]?.price).toBeUndefined();
  });

  test('may leave the prices of simulated models to the seed', () => {
    const prices = { in_usd_per_mtok: { p50: 1, p95: 3 }, out_usd_per_mtok: { p50: 4, p95: 9 } };
    const own = { in_usd_per_mtok: 0.5, out_usd_per_mtok: 2 };
    const models = [
      { id: 'a', provider: 's', context: 1 },
      { id: 'b', provider: 's', context: 1, price: own },
    ];
    const config = { providers: [{ id: 's', type: 'sim', sim: { prices } }], models };
    const [a, b] = valid(JSON.stringify(config)).models.map(({ price }) => price);
    expect(a?.in_usd_per_mtok).toBeGreaterThan(0);
    expect(valid(JSON.stringify(config)).models[0]?.price).toEqual(a);
    expect(b).toMatchObject(own);
    const wrong = { ...prices, out_usd_per_mtok: { p50: 4, p95: 1 } };
    const bad = { ...config, providers: [{ id: 's', type: 'sim', sim: { prices: wrong } }] };
    expect(problems(JSON.stringify(bad))).toMatchObject([{ path: 'providers[0].sim.prices.out_usd_per_mtok.p95' }]);
  });

  test('may begin with a byte order mark and end its lines in either way', () => {
    expect(valid(`\uFEFF${SMALL.join('\r\n')}\r\n`).models).toHaveLength(1);
    expect(problems(`\uFEFF${insert(4, '    kye: x').replaceAll('\n', '\r\n')}`)).toMatchObject([
      { line: 5, column: 5 },
    ]);
  });

  test('may use anchors', () => {
    const text = [
      'providers:',
      '  - { id: a, type: sim, retry: &r { max_attempts: 7 } }',
      '  - { id: b, type: sim, retry: *r }',
      'models: [{ id: m, provider: a, context: 1 }]',
    ];
    expect(valid(text.join('\n')).providers.map((provider) => provider.retry.max_attempts)).toEqual([7, 7]);
  });
});

describe('the full file', () => {
  const text = fixture('full.yaml');

  test('is valid and uses every documented key', () => {
    const config = valid(text, FULL_ENV, FULL_FILES);
    // What excludes each other stands in two files.
    const by_model = text
      .replace(/\{ type: onnx.*\}/, '{ type: model, model: small, dimensions: 8 }')
      .replace(/source: \{ url: .*\}/, 'source: { file: grid.csv }');
    const both = [config, valid(by_model, FULL_ENV, FULL_FILES)];
    for (const row of referenceRows()) {
      const path = row.path.replaceAll('[]', '.*').split('.');
      expect(
        both.some((one) => reach(one, path)),
        row.path,
      ).toBe(true);
    }
    expect(config.store.url).toBe('postgres://u:p@h/d');
    expect(config.telemetry.otlp?.headers).toEqual({ authorization: 'Bearer token-1' });
    expect(config.providers[0]?.base_url).toBe('https://llm.example/v1');
  });

  test('has relative paths relative to the folder of the file', () => {
    const sources = { env: (name: string) => FULL_ENV[name], file: (path: string) => FULL_FILES[path] };
    const result = checkConfig(text, sources, { base_dir: '/etc/atp' });
    if (!result.ok) throw new Error('not valid');
    expect(result.config.listen.tls).toEqual({
      cert: '/etc/atp/cert.pem',
      key: '/etc/atp/key.pem',
      client_ca: '/etc/atp/ca.pem',
    });
    expect(result.config.data_dir).toBe('/var/lib/atp');
  });

  test('takes PEM text in place of a path', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    const config = valid(text.replace('cert: cert.pem', 'cert: "${PEM}"'), { ...FULL_ENV, PEM: pem }, FULL_FILES);
    expect(config.listen.tls?.cert).toBe(pem);
  });
});

describe('keys are optional only where nothing is lost', () => {
  test('a server of one’s own needs no key', () => {
    const text = [
      'providers: [{ id: own, type: openai, base_url: "http://10.0.0.5:8000/v1" }]',
      'models: [{ id: m, provider: own, context: 1 }]',
    ];
    expect(valid(text.join('\n')).providers[0]?.api_key).toBeUndefined();
  });

  test('a provider that takes any model needs none listed', () => {
    expect(valid('providers: [{ id: o, type: ollama, allow_any_model: true }]').models).toEqual([]);
  });
});

/** Whether a path with `*` for "some entry" leads to something. */
function reach(value: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return value !== undefined;
  if (first === '*') return Array.isArray(value) && value.some((entry) => reach(entry, rest));
  return (
    typeof value === 'object' &&
    value !== null &&
    first in value &&
    reach((value as Record<string, unknown>)[first], rest)
  );
}
