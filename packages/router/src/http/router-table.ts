import type { HttpExchange } from '@atp-router/adapters';

export type Handler = (exchange: HttpExchange, params: readonly string[]) => void;

interface Route {
  readonly method: string;
  /** Segments; one that starts with `:` takes any value. */
  readonly segments: readonly string[];
  readonly handler: Handler;
}

export type Match =
  | { readonly kind: 'found'; readonly handler: Handler; readonly params: readonly string[] }
  | { readonly kind: 'wrong_method'; readonly allow: string }
  | { readonly kind: 'none' };

const NO_PARAMS: readonly string[] = [];

/** Paths to handlers. Fixed paths, which every model call has, cost one map access. */
export class RouterTable {
  readonly #fixed: Map<string, Map<string, Handler>> = new Map();
  readonly #patterns: Route[] = [];
  readonly #below: { readonly path: string; readonly handler: Handler }[] = [];

  add(method: string, path: string, handler: Handler): void {
    if (path.includes(':')) {
      this.#patterns.push({ method, segments: path.split('/'), handler });
      return;
    }
    const methods = this.#fixed.get(path) ?? new Map<string, Handler>();
    methods.set(method, handler);
    this.#fixed.set(path, methods);
  }

  /** Whatever is asked for at a path and below it, by any method, where nothing else is. */
  addBelow(path: string, handler: Handler): void {
    this.#below.push({ path, handler });
  }

  match(method: string, path: string): Match {
    const methods = this.#fixed.get(path);
    if (methods !== undefined) {
      const handler = methods.get(method) ?? (method === 'HEAD' ? methods.get('GET') : undefined);
      if (handler !== undefined) return { kind: 'found', handler, params: NO_PARAMS };
      return { kind: 'wrong_method', allow: allowed([...methods.keys()]) };
    }
    for (const below of this.#below) {
      const is_there =
        path.startsWith(below.path) && (path.length === below.path.length || path[below.path.length] === '/');
      if (is_there) return { kind: 'found', handler: below.handler, params: NO_PARAMS };
    }
    return this.#matchPattern(method, path.split('/'));
  }

  /** `GET /v1/models`, … for the list in the 404 answer and the documents. */
  list(): string[] {
    const fixed = [...this.#fixed].flatMap(([path, methods]) => [...methods.keys()].map((m) => `${m} ${path}`));
    return [...fixed, ...this.#patterns.map((r) => `${r.method} ${r.segments.join('/')}`)];
  }

  #matchPattern(method: string, segments: readonly string[]): Match {
    const methods: string[] = [];
    let get: Match | undefined;
    for (const route of this.#patterns) {
      const params = paramsOf(route.segments, segments);
      if (params === undefined) continue;
      if (route.method === method) return { kind: 'found', handler: route.handler, params };
      if (route.method === 'GET') get ??= { kind: 'found', handler: route.handler, params };
      methods.push(route.method);
    }
    if (method === 'HEAD' && get !== undefined) return get;
    return methods.length === 0 ? { kind: 'none' } : { kind: 'wrong_method', allow: allowed(methods) };
  }
}

/** Whoever answers GET answers HEAD (RFC 9110, 9.3.2). */
function allowed(methods: readonly string[]): string {
  return (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): string[] | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: string[] = [];
  for (let i = 0; i < pattern.length; i += 1) {
    const want = pattern[i] ?? '';
    const have = segments[i] ?? '';
    if (want.startsWith(':')) {
      const value = decode(have);
      if (value === undefined || value === '') return undefined;
      params.push(value);
    } else if (want !== have) return undefined;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
