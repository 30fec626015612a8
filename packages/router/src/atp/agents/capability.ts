import type { AdapterCapabilityContent } from '@atp-router/wire';

/** What an agent said of itself, as the router keeps it. */
export interface AgentCapability {
  readonly adapter_id: string;
  readonly adapter_type: string;
  readonly capabilities: readonly string[];
  readonly models: readonly string[];
  readonly max_tokens: number | undefined;
  readonly supported_languages: readonly string[];
  /** Micro-dollars per million tokens. */
  readonly price: { readonly in: number; readonly out: number } | undefined;
  readonly version: string;
}

/** An agent has a handful of models; a name of one is looked for in all of them. */
const MODELS_MAX = 64;

/** What may stand behind the provider's name in a model's, and in tables of a terminal. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/;

/** Throws nothing: what is wrong comes as a sentence for the agent. */
export function readCapability(content: AdapterCapabilityContent): AgentCapability | string {
  const { adapter_id, adapter_type = 'agent', capabilities = [], models = [], version = '' } = content;
  const bad = [adapter_id, ...models].find((name) => !NAME.test(name));
  if (bad !== undefined) {
    return `"adapter_id" and "models" must be letters, digits and ". _ : @ / -", starting with a letter or digit, 128 at most.`;
  }
  if (models.length > MODELS_MAX) return `An agent has at most ${MODELS_MAX} models.`;
  const { usd_micros_per_mtok: price, max_tokens, supported_languages = [] } = content;
  return {
    ...{ adapter_id, adapter_type, capabilities, models, max_tokens, supported_languages, version },
    price: typeof price === 'number' ? { in: price, out: price } : price,
  };
}

/** Whether calls of this model are for it: its own name, or one of those that it has models for. */
export function serves({ adapter_id, models }: AgentCapability, upstream_model: string): boolean {
  return upstream_model === adapter_id || models.includes(upstream_model);
}

/** It said that its results have usage. */
export function promisesUsage({ capabilities }: AgentCapability): boolean {
  return capabilities.includes('usage');
}
