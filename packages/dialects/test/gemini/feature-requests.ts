import type { Feature, GenRequest, Part, Tool } from '../../src/index.ts';
import { request } from './wire.ts';

const TOOL: Tool = { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } };

const user = (...parts: Part[]): Partial<GenRequest> => ({ messages: [{ role: 'user', parts }] });

const called = (content: (Part & { type: 'text' | 'image' })[]): Partial<GenRequest> => ({
  tools: [TOOL],
  messages: [
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'f', args_json: '{}' }] },
    { role: 'user', parts: [{ type: 'tool_result', call_id: 'c1', content }] },
  ],
});

const PNG: Part & { type: 'image' } = {
  type: 'image',
  source: { kind: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' },
};

/** For each feature the smallest request that uses it. */
export const FEATURE_REQUESTS: Readonly<Record<Feature, GenRequest>> = {
  text: request(),
  system: request({ system: [{ type: 'text', text: 'Be brief.' }] }),
  streaming: request({ stream: true }),
  stream_usage: request({ stream: true, include_usage: true }),
  tools: request({ tools: [TOOL] }),
  parallel_tool_calls: request({ tools: [TOOL], parallel_tool_calls: true }),
  tool_choice_auto: request({ tools: [TOOL], tool_choice: { type: 'auto' } }),
  tool_choice_none: request({ tools: [TOOL], tool_choice: { type: 'none' } }),
  tool_choice_required: request({ tools: [TOOL], tool_choice: { type: 'required' } }),
  tool_choice_named: request({ tools: [TOOL], tool_choice: { type: 'tool', name: 'f' } }),
  tool_results: request(called([{ type: 'text', text: 'ok' }])),
  tool_result_images: request(called([PNG])),
  strict_tools: request({ tools: [{ ...TOOL, strict: true }] }),
  hosted_tools: request({
    hosted_tools: [{ type: 'web_search', origin: 'anthropic-messages', raw: { type: 'web_search_20250305' } }],
  }),
  json_object: request({ response_format: { type: 'json_object' } }),
  json_schema: request({ response_format: { type: 'json_schema', name: 'x', schema: { type: 'object' } } }),
  image_url: request(user({ type: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } })),
  image_base64: request(user(PNG)),
  files: request(user({ type: 'file', source: { kind: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } })),
  audio_input: request(user({ type: 'audio', format: 'wav', data: 'UklGRg==' })),
  logprobs: request({ logprobs: { top: 2 } }),
  n: request({ n: 2 }),
  stop: request({ stop: ['END'] }),
  seed: request({ seed: 7 }),
  temperature: request({ temperature: 0.5 }),
  top_p: request({ top_p: 0.9 }),
  top_k: request({ top_k: 40 }),
  frequency_penalty: request({ frequency_penalty: 0.1 }),
  presence_penalty: request({ presence_penalty: 0.2 }),
  logit_bias: request({ logit_bias: { '50256': -100 } }),
  max_output_tokens: request({ max_output_tokens: 99 }),
  reasoning_effort: request({ reasoning: { effort: 'low' } }),
  reasoning_budget: request({ reasoning: { budget_tokens: 2_000 } }),
  thinking_in_answer: request({
    messages: [
      { role: 'assistant', parts: [{ type: 'thinking', text: 'hm', origin: 'anthropic-messages' }] },
      { role: 'user', parts: [{ type: 'text', text: 'Go on' }] },
    ],
  }),
  cache_markers: request(user({ type: 'text', text: 'Hi', cache: {} })),
  user: request({ user: 'u1' }),
  metadata: request({ metadata: { a: 'b' } }),
  service_tier: request({ service_tier: 'flex' }),
};
