import { anthropicMessages, openaiChat } from '@atp-router/dialects';
import type { Generation } from '../../../src/generation/generation.ts';
import { embedOperation } from '../../../src/http/embed-endpoint.ts';
import { generateOperation } from '../../../src/http/generate-endpoint.ts';
import { parseBody } from '../../../src/http/json-body.ts';
import type { Operation } from '../../../src/http/operation.ts';
import type { RequestPlan } from './scenario.ts';

/** What the client of a plan sends; `tag` lets the upstream say which call it serves. */
export function bodyOf(plan: RequestPlan, tag: string): string {
  const content = `${tag} ${'word '.repeat(plan.words)}`;
  if (plan.endpoint === 'embeddings') return JSON.stringify({ model: plan.model, input: content });
  const { model, stream, max_tokens, oddity } = plan;
  const role = oddity === 'role' ? 'narrator' : 'user';
  const messages = [{ role, content: oddity === 'part' ? [{ type: 'hologram', of: content }] : content }];
  const warm = oddity === 'value' ? { temperature: 'warm' } : {};
  return JSON.stringify({ model, stream, max_tokens, messages, ...warm });
}

/** What the endpoint makes of it. */
export function operationOf(plan: RequestPlan, body: string, generation: Generation): Operation {
  const parsed = parseBody(Buffer.from(body), generation.limits);
  if (plan.endpoint === 'embeddings') return embedOperation(parsed);
  return generateOperation(plan.endpoint === 'chat' ? openaiChat : anthropicMessages, parsed, generation.limits);
}
