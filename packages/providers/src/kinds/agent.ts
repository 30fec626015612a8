import { ask } from '@atp-router/dialects';
import { headerList } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

function endpoint(query: EndpointQuery): Endpoint | undefined {
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: '/ask' };
    case 'models':
      return { method: 'GET', path: '/models' };
    case 'embed':
    case 'count_tokens':
      return undefined;
  }
}

/** Agents that dial in: they are reached over the sessions that they opened, so the address is only a name. */
export const agentProvider: ProviderDescription = {
  kind: 'agent',
  dialect: ask,
  default_base_url: 'agent://connected',
  version_segment: '',
  needs_api_key: false,
  capabilities: ['chat', 'tools', 'vision', 'audio', 'documents', 'json_mode', 'json_schema', 'reasoning'],
  endpoint,
  headers: (_api_key, extra) => headerList(extra),
  readModels: (body) => readModelIds(body, 'data', 'id'),
};
