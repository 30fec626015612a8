import { FEATURES_OPENAI_CHAT } from '../openai-chat/features.ts';
import { type FeatureTable, ignored, refused } from '../features.ts';

/** `ask`, as routers and agents take it. Messages and tools are those of Chat Completions. */
export const FEATURES_ASK: FeatureTable = {
  ...FEATURES_OPENAI_CHAT,
  hosted_tools: refused('`ask` has no provider-hosted tools.'),
  tool_result_images: refused('tool messages carry text only.'),
  logprobs: refused('`ask` has no log-probabilities.'),
  n: refused('`ask` gives one answer for each request.'),
  top_k: refused('`ask` has no top_k.'),
  frequency_penalty: refused('`ask` has no penalties.'),
  presence_penalty: refused('`ask` has no penalties.'),
  logit_bias: refused('`ask` has no logit bias.'),
  metadata: { kind: 'native' },
  service_tier: ignored('`ask` has no service tiers.'),
};
