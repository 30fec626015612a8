import { simulateChat } from './chat.ts';
import { simulateEmbeddings } from './embed.ts';
import { errorScript, jsonScript } from './scripts.ts';
import type { SimRequest, SimScript } from './types.ts';

/**
 * The simulated provider: a request in OpenAI's shape in, a script of what its wire would carry out. Pure; whoever plays
 * the script has the timers. The same seed and content always give the same script, and every answer says that it is
 * simulated.
 */
export function simulate(request: SimRequest): SimScript {
  const { method, path, body = {}, models } = request;
  if (method === 'GET' && path === '/models') {
    const data = (models ?? []).map((id) => ({ id, object: 'model', created: request.now_s, owned_by: 'simulated' }));
    return jsonScript({ object: 'list', data });
  }
  if (method !== 'POST' || (path !== '/chat/completions' && path !== '/embeddings')) {
    return errorScript(404, 'invalid_request_error', 'not_found', `[simulated] There is no ${method} ${path}.`);
  }
  const model = body['model'];
  if (models !== undefined && (typeof model !== 'string' || !models.includes(model))) {
    const message = `[simulated] The model ${JSON.stringify(model ?? null)} does not exist.`;
    return errorScript(404, 'invalid_request_error', 'model_not_found', message);
  }
  return path === '/embeddings' ? simulateEmbeddings(request, body) : simulateChat(request, body);
}
