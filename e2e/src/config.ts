import { createHash } from 'node:crypto';
import type { Upstream } from './upstream/upstream.ts';

/** The configuration file as an object; JSON is YAML too. Only what tests set is typed. */
export interface RouterConfig {
  readonly providers: readonly Record<string, unknown>[];
  readonly models: readonly Record<string, unknown>[];
  readonly tenants?: readonly Record<string, unknown>[];
  readonly [key: string]: unknown;
}

/** Providers of the scripted upstream: one for each shape that it speaks. */
export const PROVIDER_IDS = ['chat', 'responses', 'anthropic', 'gemini', 'ollama'] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

const TYPES: Readonly<Record<ProviderId, Record<string, unknown>>> = {
  chat: { type: 'openai' },
  responses: { type: 'openai', api: 'responses' },
  anthropic: { type: 'anthropic' },
  gemini: { type: 'gemini' },
  ollama: { type: 'ollama' },
};

/** Waits between retries are as short as the configuration allows: tests wait for events, not for time. */
const FAST_RETRY = { max_attempts: 2, base_ms: 1, cap_ms: 1_000 };

/** Tests fail one model many times; only five failures in a row open its circuit. */
const CALM_BREAKER = { min_calls: 100_000 };

export function provider(
  upstream: Upstream,
  kind: ProviderId,
  over: Record<string, unknown> = {},
): Record<string, unknown> {
  const id = typeof over['id'] === 'string' ? over['id'] : kind;
  return {
    id,
    ...TYPES[kind],
    base_url: upstream.url(id),
    api_key: `key-of-${id}`,
    retry: FAST_RETRY,
    breaker: CALM_BREAKER,
    ...over,
  };
}

const ALL: readonly string[] = [
  'chat',
  'tools',
  'vision',
  'audio',
  'documents',
  'json_mode',
  'json_schema',
  'reasoning',
  'logprobs',
  'embeddings',
];

/** 1 and 2 micro-dollars for a token, so that costs in tests can be read off. */
export const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };

/** Names that make the codecs take their most capable branch; the upstream answers to any name. */
const UPSTREAM_MODELS: Readonly<Record<ProviderId, string>> = {
  chat: 'gpt-x',
  responses: 'gpt-x',
  anthropic: 'claude-opus-5',
  gemini: 'gemini-3-pro',
  ollama: 'qwen3',
};

export function model(id: string, provider_id: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    provider: provider_id,
    upstream_model: UPSTREAM_MODELS[provider_id as ProviderId] ?? 'gpt-x',
    context: 1_000_000,
    capabilities: ALL,
    price: PRICE,
    safety_grade: 'A',
    ...over,
  };
}

/** The client's secret for a tenant's only key. */
export function secretOf(tenant: string): string {
  return `test-key-of-${tenant}`;
}

export function tenant(id: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  const hash = createHash('sha256').update(secretOf(id)).digest('hex');
  return { id, keys: [{ id: 'k1', hash: `sha256:${hash}` }], qos_max: 'gold', ...over };
}

export const ADMIN_SECRET = 'test-admin-key';

/** Models of each provider for tests that make them fail: a breaker is kept for each model. */
const SPARES = [1, 2, 3, 4, 5, 6, 7, 8];

function modelsOf(id: ProviderId): Record<string, unknown>[] {
  const spare = (k: number): Record<string, unknown> =>
    model(`m-${id}-${k}`, id, { upstream_model: `${UPSTREAM_MODELS[id]}-${k}` });
  const lenient = model(`m-${id}-drop`, id, { on_untranslatable: 'drop' });
  return [model(`m-${id}`, id), lenient, ...SPARES.map(spare)];
}

/** A router with models at every provider shape (`m-chat`, `m-gemini`, …, spare ones `m-chat-1`, …) and one tenant, `acme`. */
export function standardConfig(upstream: Upstream, over: Record<string, unknown> = {}): RouterConfig {
  const hash = createHash('sha256').update(ADMIN_SECRET).digest('hex');
  return {
    listen: { port: 0 },
    data_dir: './data',
    providers: PROVIDER_IDS.map((id) => provider(upstream, id)),
    models: PROVIDER_IDS.flatMap(modelsOf),
    tenants: [tenant('acme')],
    admin: { keys: [{ id: 'ops', hash: `sha256:${hash}` }] },
    telemetry: { log_level: 'warn' },
    ...over,
  };
}
