import { agentProviderSchema } from './schema-agent.ts';
import type { ProviderDefaults } from './finish.ts';
import { simSchema } from './schema-upstream.ts';

/** What stands for sections of a provider that a configuration leaves out. */
export const PROVIDER_DEFAULTS: ProviderDefaults = {
  sim: simSchema.parse({}),
  agent: agentProviderSchema.parse({}),
};
