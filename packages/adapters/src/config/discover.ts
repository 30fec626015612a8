import { finishConfig } from './finish.ts';
import { KNOWN_MODELS, type KnownModel } from './known-models.ts';
import type { Env } from './load.ts';
import { configSchema } from './schema.ts';
import { MODEL_PATTERN } from './schema-parts.ts';
import { PROVIDER_DEFAULTS } from './provider-defaults.ts';
import type { Capability, Config, SimConfig } from './types.ts';

/** A local Ollama server, as found by asking it. */
export interface OllamaProbe {
  readonly base_url: string;
  readonly models: readonly OllamaModel[];
}

export interface OllamaModel {
  readonly name: string;
  /** Tokens; Ollama's own default of 4,096 when it does not say. */
  readonly context?: number;
  /** Ollama's words (`completion`, `tools`, `vision`, `thinking`, `embedding`, …), from `POST /api/show`. */
  readonly capabilities?: readonly string[];
}

export interface Discovery {
  readonly config: Config;
  /** What was found and what was not, one sentence each, without secrets. */
  readonly notes: readonly string[];
  /** True when nothing was found that can chat, and simulated models do it instead. */
  readonly simulated: boolean;
}

interface Found {
  readonly provider: Readonly<Record<string, unknown>>;
  readonly models: readonly FoundModel[];
  readonly note: string;
}

interface FoundModel {
  readonly id: string;
  readonly provider: string;
  readonly context: number;
  readonly max_output_tokens?: number;
  readonly capabilities: readonly Capability[];
  readonly price: KnownModel['price'];
}

/**
 * The configuration without a file: providers from the environment's keys and a local Ollama. When none of them has a
 * chat model (an Ollama may have nothing pulled, or embeddings only), simulated ones join them.
 * Each found provider also routes `<provider id>/<upstream model>`, unpriced. Base addresses in the environment
 * (`OPENAI_BASE_URL` …) are not read: a shell set up to use this router holds the router's own address there.
 */
export function discoverConfig(env: Env, ollama: OllamaProbe | undefined, base_dir?: string): Discovery {
  const found = [
    fromKey(env, 'openai', 'OPENAI_API_KEY'),
    fromKey(env, 'anthropic', 'ANTHROPIC_API_KEY'),
    fromKey(env, 'gemini', 'GEMINI_API_KEY'),
    ollama === undefined ? undefined : fromOllama(ollama),
  ].filter((entry) => entry !== undefined);
  const simulated = !found.some((entry) => can(entry, 'chat'));
  // Text says that it is invented. A vector does not, and would be stored among real ones.
  const spared: readonly Capability[] = found.some((entry) => can(entry, 'embeddings')) ? ['embeddings'] : [];
  const used = simulated ? [...found, ...simulations(spared)] : found;
  const parsed = configSchema.parse({
    providers: [...used.map((entry) => entry.provider), AGENTS],
    models: unique(used.flatMap((entry) => entry.models)),
  });
  return {
    config: finishConfig(parsed, PROVIDER_DEFAULTS, base_dir),
    notes: used.map((entry) => entry.note),
    simulated,
  };
}

/** An agent that dials in has a place at once: it is `agents/<its id>` for its own tenant. */
const AGENTS = { id: 'agents', type: 'agent', allow_any_model: true };

function can({ models }: Found, capability: Capability): boolean {
  return models.some((model) => model.capabilities.includes(capability));
}

function fromKey(env: Env, type: 'openai' | 'anthropic' | 'gemini', name: string): Found | undefined {
  const api_key = (Object.hasOwn(env, name) ? env[name] : undefined)?.trim();
  // Anything else cannot be a header, let alone a key.
  if (api_key === undefined || !/^[\x21-\x7e]{1,8192}$/.test(api_key)) return undefined;
  return {
    provider: { id: type, type, api_key, allow_any_model: true },
    models: KNOWN_MODELS[type].map((model) => ({ ...model, provider: type })),
    note: `${type}: key from ${name}`,
  };
}

const OLLAMA_MODELS_MAX = 64;
const OLLAMA_CONTEXT_DEFAULT = 4_096;
const OLLAMA_WORDS: Readonly<Record<string, Capability>> = {
  completion: 'chat',
  tools: 'tools',
  vision: 'vision',
  thinking: 'reasoning',
  embedding: 'embeddings',
};

function fromOllama(probe: OllamaProbe): Found {
  const usable = probe.models.filter((model) => MODEL_PATTERN.test(model.name)).slice(0, OLLAMA_MODELS_MAX);
  const models = usable.map((model) => ({
    id: model.name,
    provider: 'ollama',
    context: bounded(model.context ?? OLLAMA_CONTEXT_DEFAULT),
    capabilities: ollamaCapabilities(model.capabilities ?? ['completion']),
    // It runs on the operator's own machine; nobody sends a bill.
    price: { in_usd_per_mtok: 0, out_usd_per_mtok: 0 },
  }));
  const chats = models.some((model) => model.capabilities.includes('chat'));
  const advice = chats ? '' : ', but no chat model; ollama pull llama3.2, then start the router again';
  return {
    // What models can hold is known here, what the machine can is not.
    provider: { id: 'ollama', type: 'ollama', base_url: probe.base_url, allow_any_model: true, send_context: false },
    models,
    note: `ollama: ${usable.length} models at ${probe.base_url}${advice}`,
  };
}

function ollamaCapabilities(words: readonly string[]): Capability[] {
  const known = words.flatMap((word) => (Object.hasOwn(OLLAMA_WORDS, word) ? [OLLAMA_WORDS[word] ?? 'chat'] : []));
  // Ollama constrains the output of every chat model to a schema itself.
  const all: Capability[] = known.includes('chat') ? [...known, 'json_mode', 'json_schema'] : known;
  return all.length > 0 ? [...new Set(all)] : ['chat'];
}

function bounded(tokens: number): number {
  return Number.isInteger(tokens) && tokens >= 1 && tokens <= 10_000_000 ? tokens : OLLAMA_CONTEXT_DEFAULT;
}

const SIM_CAPABILITIES: readonly Capability[] = [
  'chat',
  'tools',
  'vision',
  'documents',
  'json_mode',
  'json_schema',
  'reasoning',
  'logprobs',
  'embeddings',
];

interface Simulation {
  readonly id: string;
  readonly behaviour: Partial<SimConfig>;
  readonly price: KnownModel['price'];
}

// Two that differ in price, speed and quality, so that routing and budgets have something to decide.
const SIMULATIONS: readonly Simulation[] = [
  {
    id: 'sim-fast',
    behaviour: {
      seed: 1,
      latency_ms: { p50: 20, p95: 60 },
      chunk_ms: 2,
      out_tokens: { p50: 40, p95: 120 },
      quality: 0.7,
    },
    price: { in_usd_per_mtok: 0.1, out_usd_per_mtok: 0.4 },
  },
  {
    id: 'sim-smart',
    behaviour: {
      seed: 2,
      latency_ms: { p50: 120, p95: 400 },
      chunk_ms: 8,
      out_tokens: { p50: 90, p95: 300 },
      quality: 0.9,
    },
    price: { in_usd_per_mtok: 2, out_usd_per_mtok: 8 },
  },
];

/** The simulated providers, without what a real one does better. */
function simulations(spared: readonly Capability[]): Found[] {
  const capabilities = SIM_CAPABILITIES.filter((capability) => !spared.includes(capability));
  return SIMULATIONS.map(({ id, behaviour, price }) => ({
    provider: { id, type: 'sim', sim: behaviour },
    models: [{ id, provider: id, context: 128_000, max_output_tokens: 16_384, capabilities, price }],
    note: `${id}: simulated, answers are invented`,
  }));
}

/** The first of each id: a local model may carry a vendor's name, and is then still there as `ollama/<name>`. */
function unique(models: readonly FoundModel[]): FoundModel[] {
  const taken = new Set<string>();
  return models.filter((model) => {
    const fresh = !taken.has(model.id);
    taken.add(model.id);
    return fresh;
  });
}
