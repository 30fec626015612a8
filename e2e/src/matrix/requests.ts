import type { Feature } from '@atp-router/dialects';
import {
  CHAT_FIELDS,
  CHAT_TOOLS,
  chat,
  IMAGE_URL,
  type IngressId,
  messagesReason,
  PARAMETERS,
  PDF,
  PNG,
  responsesReason,
  type Said,
  SAMPLING,
  SCHEMA,
  WORDS,
} from './ingress.ts';

type Body = Readonly<Record<string, unknown>>;

const RESPONSES_TOOL = { type: 'function', name: 'f', parameters: PARAMETERS, strict: false };

const RESPONSES_FIELDS: Partial<Record<Feature, Body>> = {
  ...SAMPLING,
  text: {},
  system: { instructions: WORDS.system },
  streaming: { stream: true },
  stream_usage: { stream: true },
  tools: { tools: [RESPONSES_TOOL] },
  strict_tools: { tools: [{ ...RESPONSES_TOOL, strict: true }] },
  parallel_tool_calls: { tools: [RESPONSES_TOOL], parallel_tool_calls: true },
  tool_choice_auto: { tools: [RESPONSES_TOOL], tool_choice: 'auto' },
  tool_choice_none: { tools: [RESPONSES_TOOL], tool_choice: 'none' },
  tool_choice_required: { tools: [RESPONSES_TOOL], tool_choice: 'required' },
  tool_choice_named: { tools: [RESPONSES_TOOL], tool_choice: { type: 'function', name: 'f' } },
  hosted_tools: { tools: [{ type: 'web_search' }] },
  json_object: { text: { format: { type: 'json_object' } } },
  json_schema: { text: { format: { type: 'json_schema', name: 'x', schema: SCHEMA, strict: true } } },
  logprobs: { include: ['message.output_text.logprobs'], top_logprobs: 2 },
  max_output_tokens: { max_output_tokens: 99 },
  reasoning_effort: { reasoning: { effort: 'low' } },
};

const responsesCall = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":"x"}' };

function responsesInput(feature: Feature, mark: string): Body[] | undefined {
  const ask = { role: 'user', content: mark };
  const part = (one: Body): Body[] => [{ role: 'user', content: [{ type: 'input_text', text: mark }, one] }];
  const result = (output: unknown): Body[] => [
    ask,
    responsesCall,
    { type: 'function_call_output', call_id: 'call_1', output },
  ];
  switch (feature) {
    case 'tool_results':
      return result(WORDS.result);
    case 'tool_result_images':
      return result([{ type: 'input_image', image_url: `data:image/png;base64,${PNG}` }]);
    case 'image_url':
      return part({ type: 'input_image', image_url: IMAGE_URL });
    case 'image_base64':
      return part({ type: 'input_image', image_url: `data:image/png;base64,${PNG}` });
    case 'files':
      return part({ type: 'input_file', filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` });
    case 'thinking_in_answer':
      return [
        { role: 'user', content: 'Hi' },
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [{ type: 'summary_text', text: WORDS.thought }],
          encrypted_content: 'gAAAAA-sealed',
        },
        { role: 'assistant', content: 'Hello.' },
        ask,
      ];
    default:
      return undefined;
  }
}

function responses(feature: Feature, mark: string): Said {
  const input = responsesInput(feature, mark);
  const fields = RESPONSES_FIELDS[feature];
  if (input === undefined && fields === undefined)
    return { unsaid: RESPONSES_UNSAID[feature] ?? responsesReason(feature) };
  const tools = feature === 'tool_results' || feature === 'tool_result_images' ? { tools: [RESPONSES_TOOL] } : {};
  return { body: { input: input ?? mark, store: false, ...tools, ...fields } };
}

const RESPONSES_UNSAID: Partial<Record<Feature, string>> = {
  reasoning_budget: 'the Responses API steers thinking by effort.',
  cache_markers: 'the Responses API has no cache markers.',
};

const MESSAGES_TOOL = { name: 'f', input_schema: PARAMETERS };

const MESSAGES_FIELDS: Partial<Record<Feature, Body>> = {
  text: {},
  system: { system: WORDS.system },
  streaming: { stream: true },
  stream_usage: { stream: true },
  tools: { tools: [MESSAGES_TOOL] },
  strict_tools: { tools: [{ ...MESSAGES_TOOL, strict: true }] },
  parallel_tool_calls: { tools: [MESSAGES_TOOL], tool_choice: { type: 'auto', disable_parallel_tool_use: false } },
  tool_choice_auto: { tools: [MESSAGES_TOOL], tool_choice: { type: 'auto' } },
  tool_choice_none: { tools: [MESSAGES_TOOL], tool_choice: { type: 'none' } },
  tool_choice_required: { tools: [MESSAGES_TOOL], tool_choice: { type: 'any' } },
  tool_choice_named: { tools: [MESSAGES_TOOL], tool_choice: { type: 'tool', name: 'f' } },
  hosted_tools: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
  json_schema: { output_config: { format: { type: 'json_schema', schema: SCHEMA } } },
  stop: { stop_sequences: ['END'] },
  temperature: { temperature: 0.5 },
  top_p: { top_p: 0.96 },
  top_k: { top_k: 40 },
  max_output_tokens: { max_tokens: 99 },
  reasoning_effort: { output_config: { effort: 'low' } },
  reasoning_budget: { thinking: { type: 'enabled', budget_tokens: 2_000 } },
  user: { metadata: { user_id: 'u-1' } },
  service_tier: { service_tier: 'standard_only' },
};

const MESSAGES_UNSAID: Partial<Record<Feature, string>> = {
  json_object: 'Messages knows schemas only; for any JSON object it has to be asked in words.',
};

function messagesHistory(feature: Feature, mark: string): Body[] | undefined {
  const ask = { role: 'user', content: mark };
  const part = (one: Body): Body[] => [{ role: 'user', content: [{ type: 'text', text: mark }, one] }];
  const result = (content: unknown): Body[] => [
    ask,
    { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'f', input: { a: 'x' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content }] },
  ];
  const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
  switch (feature) {
    case 'tool_results':
      return result(WORDS.result);
    case 'tool_result_images':
      return result([png]);
    case 'image_url':
      return part({ type: 'image', source: { type: 'url', url: IMAGE_URL } });
    case 'image_base64':
      return part(png);
    case 'files':
      return part({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } });
    case 'thinking_in_answer': {
      const thinking = { type: 'thinking', thinking: WORDS.thought, signature: 'c2lnbmVk' };
      return [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [thinking, { type: 'text', text: 'Hello.' }] },
        ask,
      ];
    }
    case 'cache_markers':
      return [{ role: 'user', content: [{ type: 'text', text: mark, cache_control: { type: 'ephemeral' } }] }];
    default:
      return undefined;
  }
}

function messages(feature: Feature, mark: string): Said {
  const history = messagesHistory(feature, mark);
  const fields = MESSAGES_FIELDS[feature];
  if (history === undefined && fields === undefined)
    return { unsaid: MESSAGES_UNSAID[feature] ?? messagesReason(feature) };
  const tools = feature === 'tool_results' || feature === 'tool_result_images' ? { tools: [MESSAGES_TOOL] } : {};
  return { body: { max_tokens: 4_000, messages: history ?? [{ role: 'user', content: mark }], ...tools, ...fields } };
}

/** Fields that `ask` shares with Chat Completions. */
const ASK_FEATURES: ReadonlySet<Feature> = new Set<Feature>([
  'text',
  'streaming',
  'stop',
  'seed',
  'temperature',
  'top_p',
  'json_object',
  'json_schema',
  'reasoning_effort',
  'user',
  'metadata',
]);

function ask(feature: Feature, mark: string): Said {
  if (feature === 'system') return { body: { prompt: mark, system: WORDS.system } };
  if (feature === 'stream_usage') return { body: { prompt: mark, stream: true } };
  if (feature === 'max_output_tokens') return { body: { prompt: mark, max_output_tokens: 99 } };
  if (ASK_FEATURES.has(feature)) return { body: { prompt: mark, ...CHAT_FIELDS[feature] } };
  const said = chat(feature, mark);
  // Tools, media and histories are those of Chat Completions; other fields of it `ask` does not have.
  const shared = CHAT_TOOLS[feature] !== undefined || ('body' in said && CHAT_FIELDS[feature] === undefined);
  return shared ? said : { unsaid: 'ask has no such field; it is listed in x-atp-ignored.' };
}

const BUILDERS: Readonly<Record<IngressId, (feature: Feature, mark: string) => Said>> = {
  chat,
  responses,
  messages,
  ask,
};

/** The smallest request of a shape that uses a feature; `mark` is part of the prompt. */
export function requestOf(ingress: IngressId, feature: Feature, mark: string): Said {
  return BUILDERS[ingress](feature, mark);
}
