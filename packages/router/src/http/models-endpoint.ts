import type { HttpExchange } from '@atp-router/adapters';
import { nanosToMicros } from '@atp-router/kernel';
import type { ModelEntry } from '@atp-router/routing';
import type { Engine } from '../engine/engine.ts';
import { mayName } from '../generation/generation.ts';
import { authenticateTenant } from './authenticate.ts';
import { replyJson } from './reply.ts';

/** `GET /v1/models`: what this tenant may name, in OpenAI's list shape with the router's facts under `atp`. */
export function listModels(exchange: HttpExchange, engine: Engine): void {
  const { generation } = engine;
  const principal = authenticateTenant(exchange, generation, engine.parts.hash);
  const rules = generation.tenants.get(principal.tenant);
  const { registry } = generation;
  const visible = (id: string): boolean => rules !== undefined && mayName(rules, id);
  const data = [
    ...registry.models.filter((m) => visible(m.id)).map(modelObject),
    ...registry.agents
      .filter((a) => visible(a.id))
      .map((a) => ({ ...base(a.id, 'agent'), atp: { kind: 'agent', model: a.model } })),
    ...registry.policies
      .filter((p) => visible(`policy:${p.id}`))
      .map((p) => ({ ...base(`policy:${p.id}`, 'policy'), atp: { kind: 'policy', fallback: p.fallback } })),
    ...(visible('auto') ? [{ ...base('auto', 'atp-router'), atp: { kind: 'auto' } }] : []),
  ];
  replyJson(exchange, 200, { object: 'list', data });
}

function base(id: string, owned_by: string): { id: string; object: 'model'; created: number; owned_by: string } {
  return { id, object: 'model', created: 0, owned_by };
}

function modelObject(model: ModelEntry): object {
  return {
    ...base(model.id, model.provider_id),
    atp: {
      kind: 'model',
      provider: model.provider_id,
      context: model.context,
      max_output_tokens: model.max_output_tokens,
      capabilities: [...(model.capabilities ?? [])],
      status: model.status,
      safety_grade: model.safety_grade,
      price:
        model.price === undefined
          ? undefined
          : {
              in_usd_micros_per_mtok: model.price.in_usd_micros_per_mtok,
              out_usd_micros_per_mtok: model.price.out_usd_micros_per_mtok,
              per_request_usd_micros: nanosToMicros(model.price.per_request_usd_nanos),
            },
    },
  };
}
