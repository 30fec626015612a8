/**
 * The features of the matrix *ingress × provider × feature*. A shape states for each how it can express it; the tests
 * walk the table, and the published matrix is generated from it.
 */
export const FEATURES = [
  'text',
  'system',
  'streaming',
  'stream_usage',
  'tools',
  'parallel_tool_calls',
  'tool_choice_auto',
  'tool_choice_none',
  'tool_choice_required',
  'tool_choice_named',
  'tool_results',
  'tool_result_images',
  'strict_tools',
  'hosted_tools',
  'json_object',
  'json_schema',
  'image_url',
  'image_base64',
  'files',
  'audio_input',
  'logprobs',
  'n',
  'stop',
  'seed',
  'temperature',
  'top_p',
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'max_output_tokens',
  'reasoning_effort',
  'reasoning_budget',
  'thinking_in_answer',
  'cache_markers',
  'user',
  'metadata',
  'service_tier',
] as const;

export type Feature = (typeof FEATURES)[number];

export type Support =
  /** The shape can say it. */
  | { readonly kind: 'native' }
  /** Said by other means; `how` explains. */
  | { readonly kind: 'emulated'; readonly how: string }
  /** A hint that the shape lacks: ignored and listed in `x-atp-ignored`. */
  | { readonly kind: 'ignored'; readonly reason: string }
  /** Changes the meaning of the answer and cannot be said: 400 unless the operator chose `drop`. */
  | { readonly kind: 'refused'; readonly reason: string };

export type FeatureTable = Readonly<Record<Feature, Support>>;

export const NATIVE: Support = { kind: 'native' };

export function emulated(how: string): Support {
  return { kind: 'emulated', how };
}

export function ignored(reason: string): Support {
  return { kind: 'ignored', reason };
}

export function refused(reason: string): Support {
  return { kind: 'refused', reason };
}
