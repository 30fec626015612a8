import { nanosToMicros, type Usage } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded } from '@atp-router/ledger';

/** A model's upstream as the OpenTelemetry conventions name it. */
export interface TracedUpstream {
  /** A well-known value of `gen_ai.provider.name` where there is one. */
  readonly provider_name: string;
  /** The model's name at the provider. */
  readonly model: string;
  readonly address?: string;
  readonly port?: number;
}

export type UpstreamFinder = (provider_id: string, model_id: string) => TracedUpstream | undefined;

type Values = Record<string, string | number | boolean>;

const ROUTES: Readonly<Record<string, string>> = {
  'chat.completions': '/v1/chat/completions',
  messages: '/v1/messages',
  responses: '/v1/responses',
  embeddings: '/v1/embeddings',
  ask: '/v1/ask',
};

/** `gen_ai.operation.name` of an endpoint. */
export function operationOf(endpoint: string): string {
  return endpoint === 'embeddings' ? 'embeddings' : 'chat';
}

/**
 * Attributes of a call's span: the GenAI conventions of OpenTelemetry (status "development" in 1.41, see
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/) from the client's point of view, those of an HTTP
 * server, and under `atp.` what the conventions have no name for.
 */
export function callAttributes(event: CallEnded, upstreamOf: UpstreamFinder): Values {
  const last = event.attempts.at(-1);
  const route = ROUTES[event.endpoint];
  const values: Values = {
    'gen_ai.operation.name': operationOf(event.endpoint),
    'gen_ai.request.model': event.requested_model,
    ...usageAttributes(event.usage),
    'http.request.method': 'POST',
    'http.response.status_code': event.status,
    'atp.call_id': event.call_id,
    'atp.tenant': event.tenant,
    'atp.key_id': event.key_id,
    'atp.qos': event.qos,
    'atp.endpoint': event.endpoint,
    'atp.outcome': event.outcome,
    'atp.attempts': event.attempts.length,
    'atp.cost_usd_micros': nanosToMicros(event.cost_usd_nanos),
  };
  if (route !== undefined) values['http.route'] = route;
  if (event.stream) values['gen_ai.request.stream'] = true;
  if (last !== undefined) {
    values['gen_ai.provider.name'] = upstreamOf(last.provider, last.model)?.provider_name ?? last.provider;
    if (event.outcome === 'ok') values['gen_ai.response.model'] = last.model;
  }
  if (event.policy !== undefined) values['atp.policy'] = event.policy;
  if (event.task_type !== undefined) values['atp.task_type'] = event.task_type;
  if (event.agent !== undefined) values['gen_ai.agent.name'] = event.agent;
  if (event.error !== undefined) values['error.type'] = event.error;
  return values;
}

/** Attributes of one attempt: the same conventions from the router's point of view, as the provider's client. */
export function attemptAttributes(event: CallEnded, attempt: AttemptRecord, upstreamOf: UpstreamFinder): Values {
  const upstream = upstreamOf(attempt.provider, attempt.model);
  const values: Values = {
    'gen_ai.operation.name': operationOf(event.endpoint),
    'gen_ai.provider.name': upstream?.provider_name ?? attempt.provider,
    'gen_ai.request.model': upstream?.model ?? attempt.model,
    ...usageAttributes(attempt.usage),
    'atp.provider': attempt.provider,
    'atp.model': attempt.model,
    'atp.attempt': attempt.n,
    'atp.attempt.kind': attempt.kind,
    'atp.turn': attempt.turn,
    'atp.outcome': attempt.outcome,
    'atp.usage_source': attempt.usage_source,
    'atp.cost_usd_micros': nanosToMicros(attempt.cost_usd_nanos),
  };
  if (attempt.role !== undefined) values['atp.consensus.role'] = attempt.role;
  if (attempt.source !== undefined) values['gen_ai.agent.name'] = attempt.source;
  if (upstream?.address !== undefined) values['server.address'] = upstream.address;
  if (upstream?.port !== undefined) values['server.port'] = upstream.port;
  if (attempt.upstream_status !== undefined) values['http.response.status_code'] = attempt.upstream_status;
  if (event.stream) {
    values['gen_ai.request.stream'] = true;
    if (attempt.ttfb_ms !== undefined) values['gen_ai.response.time_to_first_chunk'] = attempt.ttfb_ms / 1_000;
  }
  if (attempt.error !== undefined) values['error.type'] = attempt.error;
  return values;
}

function usageAttributes(usage: Usage): Values {
  const values: Values = {
    'gen_ai.usage.input_tokens': usage.in_tokens,
    'gen_ai.usage.output_tokens': usage.out_tokens,
  };
  if (usage.cached_in_tokens > 0) values['gen_ai.usage.cache_read.input_tokens'] = usage.cached_in_tokens;
  if (usage.cache_write_tokens > 0) values['gen_ai.usage.cache_creation.input_tokens'] = usage.cache_write_tokens;
  if (usage.reasoning_tokens > 0) values['gen_ai.usage.reasoning.output_tokens'] = usage.reasoning_tokens;
  return values;
}
