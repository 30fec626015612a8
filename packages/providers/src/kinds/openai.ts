import { openaiChat, openaiResponses } from '@atp-router/dialects';
import { openaiCountTokens } from '../count-tokens.ts';
import { headerList, keyHeader } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

function endpoint(query: EndpointQuery, generate: string): Endpoint | undefined {
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: generate };
    case 'embed':
      return { method: 'POST', path: '/embeddings' };
    case 'models':
      return { method: 'GET', path: '/models' };
    case 'count_tokens':
      // Compatible servers have it no more than they have the Responses API.
      return generate === '/responses' ? { method: 'POST', path: '/responses/input_tokens' } : undefined;
  }
}

const SHARED = {
  kind: 'openai',
  default_base_url: 'https://api.openai.com/v1',
  version_segment: '',
  needs_api_key: true,
  headers: (api_key, extra) => headerList(keyHeader('authorization', 'Bearer ', api_key), extra),
  readModels: (body) => readModelIds(body, 'data', 'id'),
} as const satisfies Partial<ProviderDescription>;

/** OpenAI and every server that is compatible with its Chat Completions. */
export const openaiChatProvider: ProviderDescription = {
  ...SHARED,
  dialect: openaiChat,
  capabilities: [
    'chat',
    'tools',
    'vision',
    'audio',
    'documents',
    'json_mode',
    'json_schema',
    'reasoning',
    'logprobs',
    'embeddings',
  ],
  endpoint: (query) => endpoint(query, '/chat/completions'),
};

/** OpenAI through its Responses API, without stored state. */
export const openaiResponsesProvider: ProviderDescription = {
  ...SHARED,
  dialect: openaiResponses,
  capabilities: [
    'chat',
    'tools',
    'vision',
    'documents',
    'json_mode',
    'json_schema',
    'reasoning',
    'logprobs',
    'embeddings',
  ],
  endpoint: (query) => endpoint(query, '/responses'),
  countTokens: openaiCountTokens,
};
