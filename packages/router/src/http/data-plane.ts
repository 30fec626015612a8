import type { HttpExchange } from '@atp-router/adapters';
import type { IngressDialect, RoutingWishes } from '@atp-router/dialects';
import { AtpError, type Limits, toAtpError } from '@atp-router/kernel';
import { factsOfObject, mergeFacts } from '@atp-router/routing';
import { QUALITY_WORDS, qualityOf } from '../auto/quality.ts';
import type { Engine } from '../engine/engine.ts';
import type { CallOptions, CallRequest } from '../engine/request.ts';
import { tenantAccount } from '../generation/accounts.ts';
import { authenticateTenant } from './authenticate.ts';
import type { generateOperation } from './generate-endpoint.ts';
import { errorHeaders, rateLimitHeaders, readOptions } from './headers.ts';
import { type ErrorShape, HttpSink } from './http-sink.ts';
import { assertJsonBody, type ParsedBody, parseBody } from './json-body.ts';
import type { Operation } from './operation.ts';

/** One data-plane endpoint: its name in records, the shape of its errors, and what it makes of a body. */
export interface CallEndpoint {
  readonly endpoint: string;
  readonly errors: ErrorShape;
  operation(body: ParsedBody, limits: Limits, header: (name: string) => string | undefined): Operation;
}

/** Turns HTTP requests into calls of the engine. Holds no state of its own. */
export class DataPlane {
  readonly #engine: Engine;
  readonly #limits: (tenant: string, headers: string[]) => void;

  constructor(engine: Engine) {
    this.#engine = engine;
    const { accounts, ambient } = engine.parts;
    this.#limits = (tenant, headers) => {
      const now_ms = ambient.clock.now_ms();
      const account = tenantAccount(tenant);
      const room = accounts.headroom(account, now_ms);
      if (room === undefined) return;
      const is_full = room.calls_left <= 0 || room.tokens_left <= 0;
      const wait_ms = is_full ? engine.gate.wait_ms(account, 'silver') : undefined;
      rateLimitHeaders(room, now_ms, wait_ms, headers);
    };
  }

  /** Handles one call. Every failure is answered in the endpoint's own shape. */
  call(exchange: HttpExchange, endpoint: CallEndpoint): void {
    const { clock, call_ids } = this.#engine.parts.ambient;
    const started_ms = clock.now_ms();
    const started_mono_ms = clock.mono_ms();
    const call_id = call_ids.next(started_ms);
    let principal = NOBODY;
    try {
      principal = authenticateTenant(exchange, this.#engine.generation, this.#engine.parts.hash);
      assertJsonBody(exchange);
    } catch (error) {
      this.#refuse(exchange, endpoint, toAtpError(error), call_id, principal);
      return;
    }
    const authenticated_ms = clock.mono_ms() - started_mono_ms;
    const { limits } = this.#engine.generation;
    exchange.readBody(limits, (error, bytes) => {
      if (error !== undefined) {
        this.#refuse(exchange, endpoint, error, call_id, principal);
        return;
      }
      try {
        const body = parseBody(bytes, limits);
        const operation = endpoint.operation(body, limits, (name) => exchange.header(name));
        const deciding_since_mono_ms = clock.mono_ms() - authenticated_ms;
        const call = { call_id, principal, started_ms, started_mono_ms, deciding_since_mono_ms };
        this.#engine.submit(this.#request(exchange, endpoint, body, operation, call));
      } catch (thrown) {
        this.#refuse(exchange, endpoint, toAtpError(thrown), call_id, principal);
      }
    });
  }

  #sink(exchange: HttpExchange, endpoint: CallEndpoint, stream: boolean, call: CallIds): HttpSink {
    const sink = new HttpSink(exchange, endpoint.errors, this.#limits);
    const { keep_alive_ms } = this.#engine.generation.limits;
    if (stream && keep_alive_ms > 0) {
      const meta = { call_id: call.call_id, tenant: call.principal.tenant };
      sink.keepAlive(this.#engine.parts.ambient.timers, keep_alive_ms, meta);
    }
    return sink;
  }

  #refuse(exchange: HttpExchange, to: CallEndpoint, error: AtpError, request_id: string, who: Caller): void {
    const { tenant, key_id } = who;
    this.#engine.parts.log.append({ type: 'call.refused', tenant, key_id, endpoint: to.endpoint, error: error.code });
    const { status, body } = to.errors.encodeError(error, request_id);
    const headers = ['content-type', 'application/json', 'x-atp-request-id', request_id];
    errorHeaders(error, headers);
    exchange.reply(status, headers, JSON.stringify(body));
  }

  #request(
    exchange: HttpExchange,
    endpoint: CallEndpoint,
    body: ParsedBody,
    operation: Operation,
    call: CallIds,
  ): CallRequest {
    const { wishes } = operation;
    const options = readOptions(exchange);
    // Written out field by field: spreads would cost more than the routing decision.
    return {
      call_id: call.call_id,
      endpoint: endpoint.endpoint,
      tenant: call.principal.tenant,
      key_id: call.principal.key_id,
      kind: operation.kind,
      model: operation.model,
      stream: operation.stream,
      needs: operation.needs,
      prompt: operation.prompt,
      choices: operation.choices,
      hosted_tools: operation.hosted_tools,
      max_output_tokens: operation.max_output_tokens,
      options: wishes === undefined ? options : withWishes(wishes, options),
      sink: this.#sink(exchange, endpoint, operation.stream, call),
      started_ms: call.started_ms,
      started_mono_ms: call.started_mono_ms,
      deciding_since_mono_ms: call.deciding_since_mono_ms,
      bodyHash: () => this.#engine.parts.hash(body.bytes),
      promptTexts: operation.promptTexts,
      facet: operation.facet,
      prepare: operation.prepare,
    };
  }
}

interface Caller {
  readonly tenant: string;
  readonly key_id: string;
}

/** Whoever sent a key that is none. */
const NOBODY: Caller = { tenant: '', key_id: '' };

interface CallIds {
  readonly call_id: string;
  readonly principal: Caller;
  readonly started_ms: number;
  readonly started_mono_ms: number;
  readonly deciding_since_mono_ms: number;
}

/** Endpoints that generate text in the shape of `dialect`. */
export function generateEndpoint(
  endpoint: string,
  dialect: IngressDialect,
  operation: typeof generateOperation,
): CallEndpoint {
  return { endpoint, errors: dialect, operation: (body, limits, header) => operation(dialect, body, limits, header) };
}

function wishedQuality({ quality }: RoutingWishes): CallOptions['quality'] {
  if (quality === undefined) return undefined;
  const read = qualityOf(quality);
  if (read !== undefined) return read;
  throw new AtpError('invalid_request', `"quality" must be ${QUALITY_WORDS}.`, { param: 'quality' });
}

export function withWishes(wishes: RoutingWishes, options: CallOptions): CallOptions {
  return {
    ...options,
    data_scopes: options.data_scopes.length > 0 ? options.data_scopes : (wishes.data_scope ?? []),
    qos: options.qos ?? wishes.qos,
    task_type: options.task_type ?? wishes.task_type,
    quality: options.quality ?? wishedQuality(wishes),
    facts: mergeFacts(options.facts, wishes.facts && factsOfObject(wishes.facts, 'facts')),
    max_usd_nanos: options.max_usd_nanos ?? wishes.max_usd_nanos,
    deadline_ms: options.deadline_ms ?? wishes.deadline_ms,
  };
}
