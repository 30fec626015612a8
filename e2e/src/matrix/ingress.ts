import { type Feature, openaiChat, openaiResponses, anthropicMessages } from '@atp-router/dialects';

/** Shapes that clients speak. */
export const INGRESS_IDS = ['chat', 'responses', 'messages', 'ask'] as const;
export type IngressId = (typeof INGRESS_IDS)[number];

export const PATHS: Readonly<Record<IngressId, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  ask: '/v1/ask',
};

type Body = Readonly<Record<string, unknown>>;

/** A request that really uses the feature, or why the shape cannot ask for it. */
export type Said = { readonly body: Body } | { readonly unsaid: string };

/** Words that must arrive. */
export const WORDS = {
  system: 'Answer in the words of the sea.',
  result: 'twenty-one degrees',
  thought: 'They greet me.',
};
export const IMAGE_URL = 'https://pictures.example/a.png';
export const PNG = 'iVBORw0KGgo=';
export const PDF = 'JVBERi0=';
export const WAV = 'UklGRg==';

const PARAMETERS: Body = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
};
export const SCHEMA: Body = PARAMETERS;

/** Plain fields that are spelt alike in Chat Completions, Responses and `ask`. */
const SAMPLING: Partial<Record<Feature, Body>> = {
  temperature: { temperature: 0.5 },
  top_p: { top_p: 0.96 },
  user: { user: 'u-1' },
  metadata: { metadata: { team: 'blue' } },
  service_tier: { service_tier: 'default' },
};

const CHAT_FIELDS: Partial<Record<Feature, Body>> = {
  ...SAMPLING,
  text: {},
  streaming: { stream: true },
  stream_usage: { stream: true, stream_options: { include_usage: true } },
  hosted_tools: { web_search_options: {} },
  json_object: { response_format: { type: 'json_object' } },
  json_schema: { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: SCHEMA, strict: true } } },
  logprobs: { logprobs: true, top_logprobs: 2 },
  n: { n: 2 },
  stop: { stop: ['END'] },
  seed: { seed: 7 },
  top_k: { top_k: 40 },
  frequency_penalty: { frequency_penalty: 0.1 },
  presence_penalty: { presence_penalty: 0.2 },
  logit_bias: { logit_bias: { '50256': -100 } },
  max_output_tokens: { max_completion_tokens: 99 },
  reasoning_effort: { reasoning_effort: 'low' },
};

const chatTool = (over: Body = {}): Body => ({
  type: 'function',
  function: { name: 'f', parameters: PARAMETERS, ...over },
});

const CHAT_TOOLS: Partial<Record<Feature, Body>> = {
  tools: { tools: [chatTool()] },
  strict_tools: { tools: [chatTool({ strict: true })] },
  parallel_tool_calls: { tools: [chatTool()], parallel_tool_calls: true },
  tool_choice_auto: { tools: [chatTool()], tool_choice: 'auto' },
  tool_choice_none: { tools: [chatTool()], tool_choice: 'none' },
  tool_choice_required: { tools: [chatTool()], tool_choice: 'required' },
  tool_choice_named: { tools: [chatTool()], tool_choice: { type: 'function', function: { name: 'f' } } },
};

const chatCall = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":"x"}' } };

/** Content parts of the user's message, or whole histories before it. */
function chatMessages(feature: Feature, mark: string): Body[] | undefined {
  const ask = { role: 'user', content: mark };
  const part = (one: Body): Body[] => [{ role: 'user', content: [{ type: 'text', text: mark }, one] }];
  switch (feature) {
    case 'system':
      return [{ role: 'system', content: WORDS.system }, ask];
    case 'tool_results':
      return [
        ask,
        { role: 'assistant', content: null, tool_calls: [chatCall] },
        { role: 'tool', tool_call_id: 'call_1', content: WORDS.result },
      ];
    case 'image_url':
      return part({ type: 'image_url', image_url: { url: IMAGE_URL } });
    case 'image_base64':
      return part({ type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } });
    case 'files':
      return part({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${PDF}` } });
    case 'audio_input':
      return part({ type: 'input_audio', input_audio: { format: 'wav', data: WAV } });
    case 'thinking_in_answer':
      return [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.', reasoning_content: WORDS.thought },
        ask,
      ];
    default:
      return undefined;
  }
}

/** Why Chat Completions cannot ask for what its table calls native or ignored only as a provider. */
const CHAT_UNSAID: Partial<Record<Feature, string>> = {
  reasoning_budget: 'Chat Completions steers thinking by effort.',
  cache_markers: 'Chat Completions has no cache markers.',
};

export function chat(feature: Feature, mark: string): Said {
  const messages = chatMessages(feature, mark);
  const fields = CHAT_FIELDS[feature] ?? CHAT_TOOLS[feature];
  if (messages === undefined && fields === undefined) {
    return { unsaid: CHAT_UNSAID[feature] ?? reasonOf(openaiChat.features[feature]) };
  }
  const tools = feature === 'tool_results' ? { tools: [chatTool()] } : {};
  return { body: { messages: messages ?? [{ role: 'user', content: mark }], ...tools, ...fields } };
}

export function reasonOf(support: (typeof openaiChat.features)[Feature]): string {
  return 'reason' in support ? support.reason : '';
}

export function responsesReason(feature: Feature): string {
  return reasonOf(openaiResponses.features[feature]);
}

export function messagesReason(feature: Feature): string {
  return reasonOf(anthropicMessages.features[feature]);
}
export { PARAMETERS, SAMPLING, CHAT_FIELDS, CHAT_TOOLS };
