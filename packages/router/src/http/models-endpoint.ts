import type { HttpExchange } from '@atp-router/adapters';
import { AtpError, nanosToMicros } from '@atp-router/kernel';
import type { ModelEntry } from '@atp-router/routing';
import type { Engine } from '../engine/engine.ts';
import { mayName } from '../generation/generation.ts';
import { authenticateTenant } from './authenticate.ts';
import { replyJson, requestId } from './reply.ts';

/** `GET /v1/models`: what this tenant may name, in OpenAI's list shape with the router's facts under `atp`. */
export function listModels(exchange: HttpExchange, engine: Engine): void {
  replyModels(exchange, engine, { object: 'list', data: visibleModels(exchange, engine) });
}

/** `GET /v1/models/:id`: one of them. What this tenant may not name is not there. */
export function oneModel(exchange: HttpExchange, engine: Engine, id: string): void {
  const found = visibleModels(exchange, engine).find((model) => model.id === id);
  if (found !== undefined) replyModels(exchange, engine, found);
  else {
    const message = `The model "${id.slice(0, 100)}" does not exist here. GET /v1/models lists what does.`;
    throw new AtpError('model_not_found', message, { param: 'model' });
  }
}

function replyModels(exchange: HttpExchange, engine: Engine, body: object): void {
  replyJson(exchange, 200, body, ['x-atp-request-id', requestId(engine)]);
}

function visibleModels(exchange: HttpExchange, engine: Engine): readonly ModelObject[] {
  const { generation } = engine;
  const principal = authenticateTenant(exchange, generation, engine.parts.hash);
  const rules = generation.tenants.get(principal.tenant);
  const { registry } = generation;
  const visible = (id: string): boolean => rules !== undefined && mayName(rules, id);
  return [
    ...registry.models.filter((m) => m.status !== 'shadow' && visible(m.id)).map(modelObject),
    ...connected(engine, principal.tenant).filter(({ id }) => visible(id)),
    ...registry.agents
      .filter((a) => visible(a.id))
      .map((a) => ({ ...base(a.id, 'agent'), atp: { kind: 'agent', model: a.model } })),
    ...registry.policies
      .filter((p) => visible(`policy:${p.id}`))
      .map((p) => ({ ...base(`policy:${p.id}`, 'policy'), atp: { kind: 'policy', fallback: p.fallback } })),
    ...(visible('auto') ? [{ ...base('auto', 'atp-router'), atp: { kind: 'auto' } }] : []),
  ];
}

/** A model as OpenAI describes one, with the fields by which Anthropic's client knows one. */
interface ModelBase {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly type: 'model';
  readonly display_name: string;
  readonly created_at: string;
}

interface ModelObject extends ModelBase {
  readonly atp: object;
}

function base(id: string, owned_by: string): ModelBase {
  const created_at = '1970-01-01T00:00:00Z';
  return { id, object: 'model', created: 0, owned_by, type: 'model', display_name: id, created_at };
}

/** Agents that are connected, by the names that no model is declared for. */
function connected({ generation, parts }: Engine, tenant: string): ModelObject[] {
  const undeclared = parts.connected(tenant).filter(({ id }) => {
    const named = generation.registry.lookup(id);
    return named?.kind === 'model' && named.model.dynamic;
  });
  return undeclared.map(({ id, provider_id, instances, state, capabilities, price, auto }) => ({
    ...base(id, provider_id),
    atp: {
      ...{ kind: 'connected_agent', provider: provider_id, instances, state, auto },
      ...{ capabilities: [...capabilities], price: priceObject(price) },
    },
  }));
}

function priceObject(price: ModelEntry['price']): object | undefined {
  if (price === undefined) return undefined;
  return {
    in_usd_micros_per_mtok: price.in_usd_micros_per_mtok,
    out_usd_micros_per_mtok: price.out_usd_micros_per_mtok,
    per_request_usd_micros: nanosToMicros(price.per_request_usd_nanos),
  };
}

function modelObject(model: ModelEntry): ModelObject {
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
      price: priceObject(model.price),
    },
  };
}
