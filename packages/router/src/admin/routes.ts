import type { HttpExchange } from '@atp-router/adapters';
import { AtpError, type JsonObject, toAtpError } from '@atp-router/kernel';
import type { Engine } from '../engine/engine.ts';
import { authenticateAdmin } from '../http/authenticate.ts';
import { parseBody } from '../http/json-body.ts';
import { replyError, replyJson } from '../http/reply.ts';
import type { RouterTable } from '../http/router-table.ts';
import { requestId } from '../http/reply.ts';
import { Query } from './query.ts';

export const ADMIN_BASE = '/admin/v1';

/** The largest thing sent here is a tenant or model; a body for an estimate is a prompt, not an archive. */
const BODY_LIMITS = { body_bytes: 1_048_576, idle_ms: 30_000, body_duration_ms: 60_000 } as const;
/** Deeper than any entity of the configuration, and than the prompts that estimates are made for. */
const JSON_LIMITS = { json_depth: 64, json_values: 100_000 } as const;

/** An authenticated request of an operator. */
export interface AdminRequest {
  /** Values of the path's `:name` segments, in order. */
  readonly params: readonly string[];
  readonly query: Query;
  /** Empty where the endpoint takes no body. */
  readonly body: JsonObject;
  /** Id of the admin key: who did it, in the journal. */
  readonly by: string;
  readonly exchange: HttpExchange;
}

export type AdminReply =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'file'; readonly content_type: string; readonly name: string; readonly text: string };

export type AdminHandler = (request: AdminRequest) => AdminReply | Promise<AdminReply>;

export function ok(body: unknown): AdminReply {
  return { kind: 'json', status: 200, body };
}

export function created(body: unknown): AdminReply {
  return { kind: 'json', status: 201, body };
}

interface RouteOptions {
  /** Names of query parameters. */
  readonly query?: readonly string[];
  readonly reads_body: boolean;
}

/** Adds endpoints under `/admin/v1`: authentication, limits, parsing and errors are done here, once. */
export class AdminRoutes {
  readonly #table: RouterTable;
  readonly #engine: Engine;

  constructor(table: RouterTable, engine: Engine) {
    this.#table = table;
    this.#engine = engine;
  }

  get(path: string, query: readonly string[], handler: AdminHandler): void {
    this.#add('GET', path, { query, reads_body: false }, handler);
  }

  /** A POST that takes a JSON body. */
  post(path: string, handler: AdminHandler): void {
    this.#add('POST', path, { reads_body: true }, handler);
  }

  put(path: string, handler: AdminHandler): void {
    this.#add('PUT', path, { reads_body: true }, handler);
  }

  /** A POST that takes no body. */
  action(path: string, handler: AdminHandler): void {
    this.#add('POST', path, { reads_body: false }, handler);
  }

  delete(path: string, handler: AdminHandler): void {
    this.#add('DELETE', path, { reads_body: false }, handler);
  }

  /** An endpoint that writes its own reply, which may never end. Errors thrown before it began are answered. */
  stream(path: string, query: readonly string[], run: (request: AdminRequest) => void): void {
    this.#table.add('GET', ADMIN_BASE + path, (exchange, params) => {
      try {
        run(this.#request(exchange, params, { query, reads_body: false }));
      } catch (error) {
        this.#fail(exchange, error);
      }
    });
  }

  #add(method: string, path: string, options: RouteOptions, handler: AdminHandler): void {
    this.#table.add(method, ADMIN_BASE + path, (exchange, params) => {
      let request: AdminRequest;
      try {
        request = this.#request(exchange, params, options);
      } catch (error) {
        this.#fail(exchange, error);
        return;
      }
      if (!options.reads_body) {
        this.#run(request, handler);
        return;
      }
      exchange.readBody(BODY_LIMITS, (error, bytes) => {
        if (error !== undefined) this.#fail(exchange, error);
        else this.#run(request, (r) => handler({ ...r, body: parseBody(bytes, JSON_LIMITS).json }));
      });
    });
  }

  #request(exchange: HttpExchange, params: readonly string[], options: RouteOptions): AdminRequest {
    const principal = authenticateAdmin(exchange, this.#engine.generation, this.#engine.parts.hash);
    const query = new Query(exchange.query, options.query ?? []);
    return { params, query, body: {}, by: principal.key_id, exchange };
  }

  #run(request: AdminRequest, handler: AdminHandler): void {
    // `async` turns what the handler throws at once into a rejection.
    const run = async (): Promise<AdminReply> => handler(request);
    run().then(
      (reply) => send(request.exchange, reply),
      (error: unknown) => this.#fail(request.exchange, error),
    );
  }

  #fail(exchange: HttpExchange, error: unknown): void {
    replyError(exchange, toAtpError(error), requestId(this.#engine));
  }
}

function send(exchange: HttpExchange, reply: AdminReply): void {
  if (reply.kind === 'json') {
    replyJson(exchange, reply.status, reply.body);
    return;
  }
  const headers = ['content-type', reply.content_type, 'content-disposition', `attachment; filename="${reply.name}"`];
  exchange.reply(200, [...headers, 'cache-control', 'no-store', 'x-content-type-options', 'nosniff'], reply.text);
}

/** The value of the only, or nth, `:name` of a path. */
export function param(request: AdminRequest, n = 0): string {
  return request.params[n] ?? '';
}

export function notFound(what: string): AtpError {
  return new AtpError('not_found', `There is no ${what}.`);
}
