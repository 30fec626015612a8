import { effectiveDemand, type Estimate } from '@atp-router/flow';
import { AtpError, isJsonObject, type JsonObject, nanosToMicros, type Qos } from '@atp-router/kernel';
import { hostedToolCosts } from '@atp-router/providers';
import { factsOfObject } from '@atp-router/routing';
import { admit } from '../engine/admit.ts';
import type { ClientSink } from '../engine/client.ts';
import { isOwnTenant } from '../generation/accounts.ts';
import type { Engine } from '../engine/engine.ts';
import type { AdmittedCall } from '../engine/env.ts';
import { toolsSent } from '../engine/hosted-tools.ts';
import type { CallOptions, CallRequest } from '../engine/request.ts';
import type { Target } from '../engine/target.ts';
import { embedOperation } from '../http/embed-endpoint.ts';
import { generateOperation } from '../http/generate-endpoint.ts';
import type { ParsedBody } from '../http/json-body.ts';
import type { Operation } from '../http/operation.ts';
import { CALL_ENDPOINTS, INGRESS_SHAPES } from '../http/shapes.ts';
import { ASKED, type Own } from './everywhere.ts';
import { badField, Fields, needed } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, ok } from './routes.ts';

const QOS: readonly Qos[] = ['gold', 'silver', 'bronze'];
const SCOPES_MAX = 16;

/** `/estimate`: how a request would be routed and what it is expected to cost. Nothing is sent, nothing is reserved. */
export function addEstimate(routes: AdminRoutes, { engine, others }: AdminParts): void {
  const own = estimateHere(engine);
  routes.post('/estimate', async ({ body }) => {
    // Who serves calls knows how long answers are, what is open, and which agents are there.
    const reply = await others?.askOne(ASKED.estimate, body);
    if (reply?.ok === false) throw reply.error;
    return ok(reply === undefined ? await own(body) : reply.answer);
  });
}

/** How this process would route the request that a body describes. */
export function estimateHere(engine: Engine): Own<JsonObject, object> {
  return (body) => estimate(body, engine);
}

function estimate(question: JsonObject, engine: Engine): object {
  const fields = new Fields(question, ['endpoint', 'body', 'tenant', 'qos', 'task_type', 'data_scope']);
  const endpoint = needed(fields.oneOf('endpoint', CALL_ENDPOINTS), 'endpoint');
  const body = needed(question['body'], 'body');
  if (!isJsonObject(body)) throw badField('body', 'the JSON object that would be sent');
  const text = JSON.stringify(body);
  const parsed: ParsedBody = { json: body, bytes: Buffer.from(text), chars: text.length };
  const dialect = INGRESS_SHAPES.find((shape) => shape.endpoint === endpoint)?.dialect;
  const { limits } = engine.generation;
  const operation = dialect === undefined ? embedOperation(parsed) : generateOperation(dialect, parsed, limits);
  const call = admit(
    callRequest(engine, endpoint, operation, fields, question),
    engine.generation,
    engine.parts,
    undefined,
  );
  if (call instanceof AtpError) throw call;
  const { head, plan, route } = call;
  return {
    tenant: head.tenant,
    qos: head.qos,
    policy: head.policy ?? null,
    agent: head.agent ?? null,
    max_attempts: plan.max_attempts,
    plan: route,
    choices: call.choices,
    candidates: call.targets.map((target) => candidate(engine, call, target)),
  };
}

function callRequest(
  engine: Engine,
  endpoint: string,
  operation: Operation,
  fields: Fields,
  question: JsonObject,
): CallRequest {
  const { wishes, ...rest } = operation;
  const { ambient } = engine.parts;
  const qos = fields.oneOf('qos', QOS) ?? wishes?.qos;
  const task_type = fields.name('task_type') ?? wishes?.task_type;
  const options: CallOptions = {
    data_scopes: scopesOf(question) ?? wishes?.data_scope ?? [],
    ...(qos === undefined ? {} : { qos }),
    ...(task_type === undefined ? {} : { task_type }),
    ...(wishes?.facts === undefined ? {} : { facts: factsOfObject(wishes.facts, 'body.facts') }),
    ...(wishes?.max_usd_nanos === undefined ? {} : { max_usd_nanos: wishes.max_usd_nanos }),
  };
  const started_ms = ambient.clock.now_ms();
  const started_mono_ms = ambient.clock.mono_ms();
  return {
    ...rest,
    call_id: ambient.call_ids.next(started_ms),
    endpoint,
    tenant: fields.name('tenant') ?? onlyTenant(engine),
    // No key of a tenant: a switched-off key must not keep an operator from asking.
    key_id: '',
    options,
    sink: NOBODY,
    started_ms,
    started_mono_ms,
    deciding_since_mono_ms: started_mono_ms,
    bodyHash: () => '',
  };
}

function scopesOf(body: JsonObject): readonly string[] | undefined {
  const value = body['data_scope'];
  if (value === undefined) return undefined;
  const words = Array.isArray(value) ? value : [];
  const scopes = words.filter((word) => typeof word === 'string');
  if (Array.isArray(value) && scopes.length === words.length && words.length <= SCOPES_MAX) return scopes;
  throw badField('data_scope', `a list of up to ${SCOPES_MAX} names`);
}

function onlyTenant(engine: Engine): string {
  const [first, second] = [...engine.generation.tenants.keys()].filter((id) => !isOwnTenant(id));
  if (first !== undefined && second === undefined) return first;
  throw new AtpError('invalid_request', 'The field "tenant" is missing: routing depends on who asks.', {
    param: 'tenant',
  });
}

function candidate(engine: Engine, call: AdmittedCall, target: Target): object {
  const { model } = target;
  const most = Math.min(call.max_output_tokens ?? Infinity, model.max_output_tokens ?? Infinity);
  const record = engine.parts.estimator.estimate({
    model: model.id,
    size: call.prompt,
    ...(most === Infinity ? {} : { max_out_tokens: most }),
    price: model.price,
    tool_costs: hostedToolCosts(toolsSent(target, call), target.tool_prices),
  });
  const told: Estimate =
    call.choices === 1
      ? record
      : { ...record, assumptions: [...record.assumptions, `for one of ${call.choices} choices`] };
  const { tokens, usd_nanos } = effectiveDemand(record, call.head.qos);
  return {
    model: model.id,
    provider: target.provider.id,
    target: target.key,
    simulated: target.provider.simulated,
    priced: model.price !== undefined,
    estimate: told,
    effective: { tokens, usd_micros: nanosToMicros(usd_nanos) },
  };
}

/** Nobody listens: the call is never started. */
const NOBODY: ClientSink = {
  answer: () => undefined,
  begin: () => undefined,
  write: () => true,
  end: () => undefined,
  fail: () => undefined,
  cut: () => undefined,
  onDrain: () => undefined,
  onGone: () => undefined,
};
