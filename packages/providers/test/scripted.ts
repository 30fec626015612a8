import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { SuiteAnswer, SuiteRequest, SuiteTransport } from '../src/index.ts';

/** One exchange of a fixture: exactly this request is answered, with exactly this. */
export interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly wrong_key?: true;
  };
  readonly response: ScriptedResponse;
}

interface ScriptedResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Data of server-sent events; a pair names the event too. */
  readonly sse?: readonly (string | object | readonly [event: string, data: object])[];
  readonly ndjson?: readonly object[];
}

export interface Fixture {
  readonly auth: readonly [name: string, value: string] | null;
  readonly exchanges: readonly Exchange[];
}

export function fixture(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as Fixture;
}

export const KEY = 'test-key-1';

/** Plays a fixture. A request that is not in it, to the last field, is answered with 599 and shown. */
export function scripted(script: Fixture, seen: SuiteRequest[] = []): SuiteTransport {
  return async (request) => {
    seen.push(request);
    const wrong = wrongKey(script, request);
    const body: unknown = request.body === undefined ? undefined : JSON.parse(request.body);
    const found = script.exchanges.find(
      ({ request: r }) =>
        r.method === request.method &&
        r.path === request.path &&
        isDeepStrictEqual(r.body, body) &&
        (r.wrong_key === true) === wrong,
    );
    if (found === undefined) {
      return answer({ status: 599, json: { unscripted: { path: request.path, wrong, body } } });
    }
    return answer(found.response);
  };
}

function wrongKey(script: Fixture, request: SuiteRequest): boolean {
  if (script.auth === null) return false;
  const [name, value] = script.auth;
  return request.headers[request.headers.indexOf(name) + 1] !== value;
}

function answer(response: ScriptedResponse): SuiteAnswer {
  const bytes = new TextEncoder().encode(wireOf(response));
  const headers = response.headers ?? {};
  return {
    status: response.status ?? 200,
    headers: { get: (name) => headers[name] },
    chunks: pieces(bytes),
  };
}

/** In pieces that end in the middle of frames, lines and characters. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 101) yield bytes.subarray(at, at + 101);
}

function wireOf(response: ScriptedResponse): string {
  if (response.sse !== undefined) return response.sse.map(eventOf).join('');
  if (response.ndjson !== undefined) return response.ndjson.map((line) => `${JSON.stringify(line)}\n`).join('');
  return JSON.stringify(response.json);
}

function eventOf(event: string | object | readonly [string, object]): string {
  if (typeof event === 'string') return `data: ${event}\n\n`;
  if (Array.isArray(event)) return `event: ${event[0]}\ndata: ${JSON.stringify(event[1])}\n\n`;
  return `data: ${JSON.stringify(event)}\n\n`;
}
