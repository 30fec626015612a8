import { anthropicMessages, openaiChat } from '@atp-router/dialects';
import type { Clock } from '@atp-router/kernel';
import type { CallRequest } from '../../../src/engine/request.ts';
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

/** What the engine is given for it, as it arrives. */
export function requestOf(
  plan: RequestPlan,
  operation: Operation,
  { call_id, sink, clock, bodyHash }: Pick<CallRequest, 'call_id' | 'sink' | 'bodyHash'> & { readonly clock: Clock },
): CallRequest {
  const { kind, model, stream, needs, choices, max_output_tokens, prompt, promptTexts, prepare, facet } = operation;
  return {
    ...{ kind, model, stream, needs, choices, max_output_tokens, prompt, promptTexts, prepare, facet },
    ...{ hosted_tools: operation.hosted_tools, call_id, sink, bodyHash },
    ...{ endpoint: plan.endpoint, tenant: plan.tenant, key_id: 'k' },
    options: {
      data_scopes: [],
      qos: plan.qos,
      deadline_ms: plan.deadline_ms,
      max_usd_nanos: plan.max_usd_nanos,
      idempotency_key: plan.idempotency_key,
    },
    started_ms: clock.now_ms(),
    started_mono_ms: clock.mono_ms(),
    deciding_since_mono_ms: clock.mono_ms(),
  };
}
