import { ollama } from '@atp-router/dialects';
import { headerList, keyHeader } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

function endpoint(query: EndpointQuery): Endpoint | undefined {
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: '/api/chat' };
    case 'embed':
      return { method: 'POST', path: '/api/embed' };
    case 'models':
      return { method: 'GET', path: '/api/tags' };
    case 'count_tokens':
      return undefined;
  }
}

/** Ollama's own API. A local server needs no key; one behind a proxy, and ollama.com, take a bearer token. */
export const ollamaProvider: ProviderDescription = {
  kind: 'ollama',
  dialect: ollama,
  default_base_url: 'http://127.0.0.1:11434',
  version_segment: '/api',
  needs_api_key: false,
  capabilities: ['chat', 'tools', 'vision', 'json_mode', 'json_schema', 'reasoning', 'logprobs', 'embeddings'],
  endpoint,
  headers: (api_key, extra) => headerList(keyHeader('authorization', 'Bearer ', api_key), extra),
  readModels: (body) => readModelIds(body, 'models', 'name'),
};
