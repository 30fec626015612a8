import type { ProviderConfig, TracedUpstream } from '@atp-router/adapters';
import { providerConfigOf } from '../generation/health-options.ts';
import type { GenerationManager } from '../generation/manager.ts';

/** Well-known values of `gen_ai.provider.name`; Ollama, `sim` and agents have none. They name the API shape, not the vendor behind it. */
const PROVIDER_NAMES: Readonly<Record<ProviderConfig['type'], string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  gemini: 'gcp.gemini',
  ollama: 'ollama',
  sim: 'sim',
  agent: 'agent',
};

/** What traces say of a model's upstream, from the configuration in force. Undefined once the provider is gone. */
export function upstreamFinder(
  manager: Pick<GenerationManager, 'config' | 'generation'>,
): (provider_id: string, model_id: string) => TracedUpstream | undefined {
  return (provider_id, model_id) => {
    const provider = providerConfigOf(manager.config, provider_id);
    if (provider === undefined) return undefined;
    const named = manager.generation.registry.lookup(model_id);
    return {
      provider_name: PROVIDER_NAMES[provider.type],
      model: named?.kind === 'model' ? named.model.upstream_model : model_id,
      ...serverOf(provider.base_url),
    };
  };
}

function serverOf(base_url: string | undefined): Pick<TracedUpstream, 'address' | 'port'> {
  if (base_url === undefined) return {};
  const { hostname, port, protocol } = new URL(base_url);
  const default_port = protocol === 'https:' ? 443 : 80;
  return { address: hostname, port: port === '' ? default_port : Number(port) };
}
