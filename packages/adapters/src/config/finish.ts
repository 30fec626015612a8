import { isAbsolute, resolve } from 'node:path';
import { providerOf, simPrice } from '@atp-router/providers';
import type { CarbonConfig } from './types-carbon.ts';
import type { EmbeddingsConfig } from './types-embed.ts';
import type { TunerConfig } from './types-flow.ts';
import type { Config, ModelConfig, ProviderConfig, TlsConfig } from './types.ts';

/**
 * Fills in what depends on another value: vendor addresses, upstream names, simulator settings, and paths relative to
 * `base_dir`. The result is frozen, because a call keeps the configuration it started with.
 */
export function finishConfig(config: Config, defaults: ProviderDefaults, base_dir: string | undefined): Config {
  return deepFreeze({
    ...config,
    data_dir: place(config.data_dir, base_dir),
    listen:
      config.listen.tls === undefined
        ? config.listen
        : { ...config.listen, tls: placeTls(config.listen.tls, base_dir) },
    providers: config.providers.map((provider) => finishProvider(provider, defaults)),
    models: config.models.map((model) => finishModel(model, config.providers)),
    embeddings: placeEmbeddings(config.embeddings, base_dir),
    carbon: placeCarbon(config.carbon, base_dir),
    flow: { ...config.flow, tuners: config.flow.tuners.map((tuner) => placeProof(tuner, base_dir)) },
  });
}

/** Of the sections that only one type of provider has. */
export interface ProviderDefaults {
  readonly sim: NonNullable<ProviderConfig['sim']>;
  readonly agent: NonNullable<ProviderConfig['agent']>;
}

function finishProvider(provider: ProviderConfig, defaults: ProviderDefaults): ProviderConfig {
  if (provider.type === 'sim') return { ...provider, sim: provider.sim ?? defaults.sim };
  if (provider.type === 'agent') return { ...provider, agent: provider.agent ?? defaults.agent };
  const api = provider.type === 'openai' ? { api: provider.api ?? 'chat' } : {};
  const base_url = provider.base_url ?? providerOf(provider.type).default_base_url;
  return { ...provider, ...api, base_url: base_url.replace(/\/+$/, '') };
}

function finishModel(model: ModelConfig, providers: readonly ProviderConfig[]): ModelConfig {
  const finished = { ...model, upstream_model: model.upstream_model ?? model.id };
  const sim = providers.find(({ id }) => id === model.provider)?.sim;
  if (sim?.prices === undefined || model.price !== undefined) return finished;
  return { ...finished, price: { ...simPrice(sim.seed, finished.upstream_model, sim.prices), per_request_usd: 0 } };
}

function placeTls(tls: TlsConfig, base_dir: string | undefined): TlsConfig {
  const file = (value: string): string => (value.startsWith('-----BEGIN') ? value : place(value, base_dir));
  const { client_ca } = tls;
  return {
    cert: file(tls.cert),
    key: file(tls.key),
    ...(client_ca === undefined ? {} : { client_ca: file(client_ca) }),
  };
}

function placeEmbeddings(embeddings: EmbeddingsConfig, base_dir: string | undefined): EmbeddingsConfig {
  const { file, tokenizer } = embeddings;
  return {
    ...embeddings,
    ...(file === undefined ? {} : { file: place(file, base_dir) }),
    ...(tokenizer === undefined ? {} : { tokenizer: place(tokenizer, base_dir) }),
  };
}

function placeCarbon(carbon: CarbonConfig, base_dir: string | undefined): CarbonConfig {
  const { source } = carbon;
  return source?.file === undefined ? carbon : { ...carbon, source: { ...source, file: place(source.file, base_dir) } };
}

function placeProof(tuner: TunerConfig, base_dir: string | undefined): TunerConfig {
  return tuner.proof === undefined ? tuner : { ...tuner, proof: place(tuner.proof, base_dir) };
}

function place(path: string, base_dir: string | undefined): string {
  return base_dir === undefined || isAbsolute(path) ? path : resolve(base_dir, path);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}
