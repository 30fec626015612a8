import { openaiChat } from '@atp-router/dialects';
import { headerList } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

function endpoint(query: EndpointQuery): Endpoint | undefined {
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: '/chat/completions' };
    case 'embed':
      return { method: 'POST', path: '/embeddings' };
    case 'models':
      return { method: 'GET', path: '/models' };
    case 'count_tokens':
      return undefined;
  }
}

/** The simulated provider: `simulate` plays the part of the network, so the address is only a name. */
export const simProvider: ProviderDescription = {
  kind: 'sim',
  dialect: openaiChat,
  default_base_url: 'sim://local',
  version_segment: '',
  needs_api_key: false,
  capabilities: ['chat', 'tools', 'vision', 'json_mode', 'json_schema', 'reasoning', 'logprobs', 'embeddings'],
  endpoint,
  headers: (_api_key, extra) => headerList(extra),
  readModels: (body) => readModelIds(body, 'data', 'id'),
};
