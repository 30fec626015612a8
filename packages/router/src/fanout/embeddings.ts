import {
  type Config,
  type EmbeddingsConfig,
  type EmbedSeries,
  isLocalProvider,
  type LocalEmbedder,
  VectorCache,
} from '@atp-router/adapters';
import {
  type FallBack,
  type FanoutPlan,
  hashedEmbedder,
  type Member,
  needsVectors,
  PreparedVectors,
  textsToEmbed,
  Vectors,
} from '@atp-router/consensus';
import { clearedFor } from '@atp-router/routing';
import type { Generation } from '../generation/generation.ts';
import type { ReadFindings, SessionCall } from './reconciler.ts';
import type { SessionEmbedding, VectorMaker } from './session-embedding.ts';

/** The configuration in force. */
export interface InForce {
  readonly config: Config;
  readonly generation: Generation;
}

/** What a session has vectors from: hashed ones, or an embedder, unless there are reasons for hashed ones again. */
export type Opened =
  | { readonly vectors: Vectors }
  | { readonly vectors: PreparedVectors; readonly embedding?: SessionEmbedding };

/** What makes the vectors of a process. The vectors that were made are kept for all its sessions. */
export class Embeddings {
  readonly #settings: EmbeddingsConfig;
  readonly #local: LocalEmbedder | undefined;
  readonly #now: () => InForce;
  readonly #series: EmbedSeries;
  readonly #hashed = hashedEmbedder();
  readonly #cache = new VectorCache();

  /** `local`: of `type: onnx`. */
  constructor(settings: EmbeddingsConfig, local: LocalEmbedder | undefined, now: () => InForce, series: EmbedSeries) {
    this.#settings = settings;
    this.#local = local;
    this.#now = now;
    this.#series = series;
  }

  open(call: SessionCall, plan: FanoutPlan, read: ReadFindings): Opened {
    const hashed = new Vectors(this.#hashed);
    if (this.#settings.type === 'hashed' || !needsVectors(plan)) return { vectors: hashed };
    const maker = this.#local === undefined ? this.#modelFor(call, plan) : onnx(this.#local);
    const id = nameOf(maker, this.#settings);
    const vectors = new PreparedVectors(id, this.#settings.baseline, hashed, ({ reason }) =>
      this.#series.fellBack(reason),
    );
    if ('reason' in maker) {
      vectors.fallBack(maker);
      return { vectors };
    }
    const { timeout_ms, max_batch, max_chars } = this.#settings;
    const key = keyOf(maker, id);
    const kept = {
      get: (text: string) => this.#cache.get(key, text),
      put: (text: string, vector: Float32Array) => this.#cache.put(key, text, vector),
    };
    return {
      vectors,
      embedding: {
        ...{ vectors, maker, kept, timeout_ms, max_batch, max_chars },
        series: this.#series,
        textsOf: (text, from) => textsToEmbed(plan, { text, findings: read(text, from) }),
      },
    };
  }

  /** Why the model must not see the answers of a call, or the model. */
  #modelFor({ head, data_scopes, local_only }: SessionCall, plan: FanoutPlan): VectorMaker | FallBack {
    const { config, generation } = this.#now();
    const { model: name = '', dimensions } = this.#settings;
    const named = generation.registry.lookup(name);
    if (named?.kind !== 'model') return { reason: 'not_allowed', words: 'the configuration has it no more' };
    const { model } = named;
    const tenant = { id: head.tenant, data_scopes: generation.tenants.get(head.tenant)?.data_scopes };
    if (!clearedFor(model, { tenant, data_scopes })) {
      return { reason: 'not_allowed', words: 'it is not cleared for the data of the request' };
    }
    const provider = config.providers.find(({ id }) => id === model.provider_id);
    if ((local_only !== undefined || isGuarded(plan)) && !isLocalProvider(provider?.type, provider?.base_url)) {
      return { reason: 'not_allowed', words: 'a persona keeps its answers from what is not local' };
    }
    return { kind: 'model', target: generation.targetOf(model), dimensions };
  }
}

function onnx(embedder: LocalEmbedder): VectorMaker {
  return { kind: 'onnx', embedder };
}

/** As clients read it. */
function nameOf(maker: VectorMaker | FallBack, { model = '', dimensions }: EmbeddingsConfig): string {
  if ('kind' in maker && maker.kind === 'onnx') return maker.embedder.id;
  return dimensions === undefined ? model : `${model}/${dimensions}`;
}

/** A model of the same name may be another after a reload. */
function keyOf(maker: VectorMaker, id: string): string {
  if (maker.kind === 'onnx') return id;
  const { provider_id, upstream_model } = maker.target.model;
  return `${provider_id}/${upstream_model} ${maker.dimensions ?? ''}`;
}

/** Whoever is asked behind a filter, or on this machine only, is not told to others through an embedder. */
function isGuarded({ members, escalations, arbiter, judge, filter }: FanoutPlan): boolean {
  const others = [arbiter?.member, judge, ...escalations.map(({ to }) => to)];
  const all = [...members, ...others].filter((one): one is Member => one !== undefined);
  return filter !== undefined || all.some(({ persona }) => (persona?.compliance.length ?? 0) > 0);
}
