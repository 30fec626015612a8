import type { Feature } from '@atp-router/dialects';
import type { ProviderId } from '../config.ts';
import { IMAGE_URL, PDF, PNG, WAV, WORDS } from './ingress.ts';

type Body = Readonly<Record<string, unknown>>;

/** Whether a request, as the upstream got it, really uses the feature. */
export type Evidence = (body: Body, path: string) => boolean;

/** The value at a path of keys and indexes; undefined where there is none. */
function at(body: unknown, path: string): unknown {
  let value: unknown = body;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const is =
  (path: string, wanted: unknown): Evidence =>
  (body) =>
    JSON.stringify(at(body, path)) === JSON.stringify(wanted);
const has =
  (path: string): Evidence =>
  (body) =>
    at(body, path) !== undefined;
const lacks =
  (path: string): Evidence =>
  (body) =>
    at(body, path) === undefined;
const contains =
  (path: string, text: string): Evidence =>
  (body) =>
    JSON.stringify(at(body, path) ?? null).includes(text);
const all =
  (...parts: readonly Evidence[]): Evidence =>
  (body, path) =>
    parts.every((part) => part(body, path));

type Table = Readonly<Partial<Record<Feature, Evidence>>>;

const CHAT: Table = {
  text: contains('messages', 'script:'),
  system: all(is('messages.0.role', 'system'), contains('messages.0.content', WORDS.system)),
  streaming: is('stream', true),
  stream_usage: is('stream_options.include_usage', true),
  tools: is('tools.0.function.name', 'f'),
  parallel_tool_calls: is('parallel_tool_calls', true),
  tool_choice_auto: is('tool_choice', 'auto'),
  tool_choice_none: is('tool_choice', 'none'),
  tool_choice_required: is('tool_choice', 'required'),
  tool_choice_named: is('tool_choice.function.name', 'f'),
  tool_results: all(contains('messages', '"role":"tool"'), contains('messages', WORDS.result)),
  strict_tools: is('tools.0.function.strict', true),
  hosted_tools: has('web_search_options'),
  json_object: is('response_format.type', 'json_object'),
  json_schema: is('response_format.json_schema.schema.required', ['a']),
  image_url: contains('messages', IMAGE_URL),
  image_base64: contains('messages', `data:image/png;base64,${PNG}`),
  files: contains('messages', `data:application/pdf;base64,${PDF}`),
  audio_input: contains('messages', WAV),
  logprobs: all(is('logprobs', true), is('top_logprobs', 2)),
  n: is('n', 2),
  stop: is('stop', ['END']),
  seed: is('seed', 7),
  temperature: is('temperature', 0.5),
  top_p: is('top_p', 0.96),
  top_k: is('top_k', 40),
  frequency_penalty: is('frequency_penalty', 0.1),
  presence_penalty: is('presence_penalty', 0.2),
  logit_bias: is('logit_bias', { '50256': -100 }),
  // The client's own field passes; what is translated is said as compatible servers know it.
  max_output_tokens: (body) => (at(body, 'max_completion_tokens') ?? at(body, 'max_tokens')) === 99,
  reasoning_effort: is('reasoning_effort', 'low'),
  thinking_in_answer: contains('messages', WORDS.thought),
  user: is('user', 'u-1'),
  metadata: is('metadata', { team: 'blue' }),
  service_tier: is('service_tier', 'default'),
};

const RESPONSES: Table = {
  text: contains('input', 'script:'),
  system: contains('instructions', WORDS.system),
  streaming: is('stream', true),
  stream_usage: is('stream', true),
  tools: is('tools.0.name', 'f'),
  parallel_tool_calls: is('parallel_tool_calls', true),
  tool_choice_auto: is('tool_choice', 'auto'),
  tool_choice_none: is('tool_choice', 'none'),
  tool_choice_required: is('tool_choice', 'required'),
  tool_choice_named: is('tool_choice', { type: 'function', name: 'f' }),
  tool_results: all(contains('input', '"function_call_output"'), contains('input', WORDS.result)),
  tool_result_images: all(contains('input', '"function_call_output"'), contains('input', PNG)),
  strict_tools: is('tools.0.strict', true),
  hosted_tools: is('tools.0.type', 'web_search'),
  json_object: is('text.format.type', 'json_object'),
  json_schema: is('text.format.schema.required', ['a']),
  image_url: contains('input', IMAGE_URL),
  image_base64: contains('input', `data:image/png;base64,${PNG}`),
  files: contains('input', PDF),
  logprobs: all(contains('include', 'message.output_text.logprobs'), is('top_logprobs', 2)),
  temperature: is('temperature', 0.5),
  top_p: is('top_p', 0.96),
  max_output_tokens: is('max_output_tokens', 99),
  reasoning_effort: is('reasoning.effort', 'low'),
  thinking_in_answer: contains('input', WORDS.thought),
  user: is('user', 'u-1'),
  metadata: is('metadata', { team: 'blue' }),
  service_tier: is('service_tier', 'default'),
};

const ANTHROPIC: Table = {
  text: contains('messages', 'script:'),
  system: contains('system', WORDS.system),
  streaming: is('stream', true),
  stream_usage: is('stream', true),
  tools: is('tools.0.name', 'f'),
  // Calls in parallel are the default: only their absence would have to be said.
  parallel_tool_calls: (body) => at(body, 'tool_choice.disable_parallel_tool_use') !== true,
  tool_choice_auto: is('tool_choice.type', 'auto'),
  tool_choice_none: is('tool_choice.type', 'none'),
  tool_choice_required: is('tool_choice.type', 'any'),
  tool_choice_named: all(is('tool_choice.type', 'tool'), is('tool_choice.name', 'f')),
  tool_results: all(contains('messages', '"tool_result"'), contains('messages', WORDS.result)),
  tool_result_images: all(contains('messages', '"tool_result"'), contains('messages', PNG)),
  strict_tools: is('tools.0.strict', true),
  hosted_tools: is('tools.0.type', 'web_search_20250305'),
  json_object: contains('system', 'JSON'),
  json_schema: is('output_config.format.schema.required', ['a']),
  image_url: contains('messages', IMAGE_URL),
  image_base64: contains('messages', PNG),
  files: all(contains('messages', '"document"'), contains('messages', PDF)),
  stop: is('stop_sequences', ['END']),
  temperature: is('temperature', 0.5),
  top_p: is('top_p', 0.96),
  top_k: is('top_k', 40),
  max_output_tokens: is('max_tokens', 99),
  reasoning_effort: is('output_config.effort', 'low'),
  reasoning_budget: has('thinking'),
  thinking_in_answer: all(contains('messages', '"thinking"'), contains('messages', WORDS.thought)),
  cache_markers: contains('messages', 'cache_control'),
  user: is('metadata.user_id', 'u-1'),
  service_tier: is('service_tier', 'standard_only'),
};

const generation = (field: string, value: unknown): Evidence => is(`generationConfig.${field}`, value);
const calling = (mode: string): Evidence => is('toolConfig.functionCallingConfig.mode', mode);

const GEMINI: Table = {
  text: contains('contents', 'script:'),
  system: contains('systemInstruction', WORDS.system),
  streaming: (_body, path) => path.includes(':streamGenerateContent'),
  stream_usage: (_body, path) => path.includes(':streamGenerateContent'),
  tools: is('tools.0.functionDeclarations.0.name', 'f'),
  parallel_tool_calls: has('tools.0.functionDeclarations'),
  tool_choice_auto: calling('AUTO'),
  tool_choice_none: calling('NONE'),
  tool_choice_required: calling('ANY'),
  tool_choice_named: all(calling('ANY'), is('toolConfig.functionCallingConfig.allowedFunctionNames', ['f'])),
  tool_results: all(contains('contents', '"functionResponse"'), contains('contents', WORDS.result)),
  tool_result_images: all(contains('contents', '"functionResponse"'), contains('contents', PNG)),
  strict_tools: calling('VALIDATED'),
  json_object: generation('responseMimeType', 'application/json'),
  json_schema: generation('responseJsonSchema.required', ['a']),
  image_url: contains('contents', IMAGE_URL),
  image_base64: contains('contents', PNG),
  files: all(contains('contents', 'application/pdf'), contains('contents', PDF)),
  audio_input: all(contains('contents', 'audio/wav'), contains('contents', WAV)),
  logprobs: all(generation('responseLogprobs', true), generation('logprobs', 2)),
  n: generation('candidateCount', 2),
  stop: generation('stopSequences', ['END']),
  seed: generation('seed', 7),
  temperature: generation('temperature', 0.5),
  top_p: generation('topP', 0.96),
  top_k: generation('topK', 40),
  frequency_penalty: generation('frequencyPenalty', 0.1),
  presence_penalty: generation('presencePenalty', 0.2),
  max_output_tokens: generation('maxOutputTokens', 99),
  reasoning_effort: generation('thinkingConfig.thinkingLevel', 'low'),
  reasoning_budget: has('generationConfig.thinkingConfig'),
  service_tier: is('serviceTier', 'standard'),
};

const option = (field: string, value: unknown): Evidence => is(`options.${field}`, value);

const OLLAMA: Table = {
  text: contains('messages', 'script:'),
  system: all(is('messages.0.role', 'system'), contains('messages.0.content', WORDS.system)),
  streaming: is('stream', true),
  stream_usage: is('stream', true),
  tools: is('tools.0.function.name', 'f'),
  parallel_tool_calls: has('tools'),
  tool_choice_auto: has('tools'),
  tool_choice_none: lacks('tools'),
  tool_results: all(contains('messages', '"role":"tool"'), contains('messages', WORDS.result)),
  tool_result_images: all(contains('messages', '"role":"tool"'), contains('messages', `"images":["${PNG}"]`)),
  json_object: is('format', 'json'),
  json_schema: is('format.required', ['a']),
  image_base64: contains('messages', `"images":["${PNG}"]`),
  logprobs: all(is('logprobs', true), is('top_logprobs', 2)),
  stop: option('stop', ['END']),
  seed: option('seed', 7),
  temperature: option('temperature', 0.5),
  top_p: option('top_p', 0.96),
  top_k: option('top_k', 40),
  frequency_penalty: option('frequency_penalty', 0.1),
  presence_penalty: option('presence_penalty', 0.2),
  max_output_tokens: option('num_predict', 99),
  reasoning_effort: is('think', 'low'),
  reasoning_budget: has('think'),
};

/** For each provider and feature that it can express: what its request must then hold. */
export const EVIDENCE: Readonly<Record<ProviderId, Table>> = {
  chat: CHAT,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  gemini: GEMINI,
  ollama: OLLAMA,
};
