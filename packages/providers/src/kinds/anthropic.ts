import { anthropicMessages } from '@atp-router/dialects';
import { anthropicCountTokens } from '../count-tokens.ts';
import { headerList, keyHeader } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

function endpoint(query: EndpointQuery): Endpoint | undefined {
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: '/v1/messages' };
    case 'count_tokens':
      return { method: 'POST', path: '/v1/messages/count_tokens' };
    case 'models':
      // The largest page: there are far fewer models than that.
      return { method: 'GET', path: '/v1/models?limit=1000' };
    case 'embed':
      return undefined;
  }
}

/** Anthropic's Messages API. */
export const anthropicProvider: ProviderDescription = {
  kind: 'anthropic',
  dialect: anthropicMessages,
  default_base_url: 'https://api.anthropic.com',
  version_segment: '/v1',
  needs_api_key: true,
  capabilities: ['chat', 'tools', 'vision', 'documents', 'json_mode', 'json_schema', 'reasoning'],
  endpoint,
  headers: (api_key, extra) =>
    headerList(['anthropic-version', '2023-06-01'], keyHeader('x-api-key', '', api_key), extra),
  readModels: (body) => readModelIds(body, 'data', 'id'),
  countTokens: anthropicCountTokens,
};
