import { gemini } from '@atp-router/dialects';
import { geminiCountTokens } from '../count-tokens.ts';
import { headerList, keyHeader } from '../headers.ts';
import { readModelIds } from '../models-list.ts';
import type { Endpoint, EndpointQuery, ProviderDescription } from '../types.ts';

/** `gemini-x`, `models/gemini-x` and `tunedModels/x` are all in use. */
function resource(model: string): string {
  const name = model.includes('/') ? model : `models/${model}`;
  return name.split('/').map(encodeURIComponent).join('/');
}

function endpoint(query: EndpointQuery): Endpoint {
  const model = `/v1beta/${resource(query.upstream_model)}`;
  switch (query.operation) {
    case 'generate':
      return { method: 'POST', path: `${model}:${query.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}` };
    case 'embed':
      return { method: 'POST', path: `${model}:batchEmbedContents` };
    case 'count_tokens':
      return { method: 'POST', path: `${model}:countTokens` };
    case 'models':
      // The largest page: there are far fewer models than that.
      return { method: 'GET', path: '/v1beta/models?pageSize=1000' };
  }
}

/** Google's Gemini API. The key goes into a header; in the query it would end up in logs. */
export const geminiProvider: ProviderDescription = {
  kind: 'gemini',
  dialect: gemini,
  default_base_url: 'https://generativelanguage.googleapis.com',
  version_segment: '/v1beta',
  needs_api_key: true,
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
  endpoint,
  headers: (api_key, extra) => headerList(keyHeader('x-goog-api-key', '', api_key), extra),
  readModels: (body) => readModelIds(body, 'models', 'name').map((name) => name.replace(/^models\//, '')),
  countTokens: geminiCountTokens,
};
