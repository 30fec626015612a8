import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig, type Config, type ValueSources } from '@atp-router/adapters';
import { createRouter, type Router, type RouterOptions } from '@atp-router/router';
import { expect, onTestFinished } from 'vitest';
import { violations } from './contract.ts';
import { call, type OpenStream, type Reply, stream } from './http.ts';

export const ADMIN_KEY = 'admin-key-of-the-tests';
export const TENANT_KEY = 'tenant-key-of-the-tests';

export function hashOf(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

/** A configuration with one simulated model, one tenant and one admin key; `more` replaces whole sections. */
export function configOf(data_dir: string, more: Readonly<Record<string, unknown>> = {}): Config {
  const text = JSON.stringify({
    data_dir,
    listen: { port: 0 },
    providers: [{ id: 'sim', type: 'sim', sim: { latency_ms: { p50: 1, p95: 2 }, chunk_ms: 0 } }],
    models: [
      {
        ...{
          id: 'small',
          provider: 'sim',
          context: 128_000,
          max_output_tokens: 4_000,
          capabilities: ['chat', 'tools'],
        },
        price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
      },
    ],
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget: { usd_per_day: 50 } }],
    admin: { keys: [{ id: 'root', hash: hashOf(ADMIN_KEY) }] },
    shutdown: { grace_ms: 1_000 },
    ...more,
  });
  const checked = checkConfig(text, NO_SOURCES);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.config;
}

export const NO_SOURCES: ValueSources = { env: () => undefined, file: () => undefined };

/** A router that runs, with an operator at hand. */
export interface Running {
  readonly router: Router;
  readonly url: string;
  /** A request to the admin API, with the admin key unless `headers` say otherwise. */
  admin(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Events of the admin stream. */
  events(query?: string): Promise<OpenStream>;
  /** A chat request of a tenant. */
  chat(body: Readonly<Record<string, unknown>>, key?: string): Promise<Reply>;
  chatStream(body: Readonly<Record<string, unknown>>, key?: string): Promise<OpenStream>;
  stop(): Promise<void>;
}

export type StartOptions = Partial<Omit<RouterOptions, 'config'>> & { readonly config: Config };

export async function start(options: StartOptions): Promise<Running> {
  const router = await createRouter({ version: '1.2.3', sources: NO_SOURCES, ...options });
  const url = `http://127.0.0.1:${router.server.address.port}`;
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
  const chat = (body: unknown, key: string): { method: string; headers: Record<string, string>; body: string } => ({
    method: 'POST',
    headers: bearer(key),
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }], ...(body as object) }),
  });
  return {
    router,
    url,
    admin: async (method, path, body, headers = bearer(ADMIN_KEY)) => {
      const sent = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      const reply = await call(`${url}/admin/v1${path}`, sent);
      // Every reply that any test sees has to be as the document says.
      expect(violations(method, `/admin/v1${path}`, reply)).toEqual([]);
      return reply;
    },
    events: async (query = '') => {
      const opened = await stream(`${url}/admin/v1/events${query}`, { headers: bearer(ADMIN_KEY) });
      await opened.next((block) => block.comment === 'listening');
      return opened;
    },
    chat: (body, key = TENANT_KEY) => call(`${url}/v1/chat/completions`, chat(body, key)),
    chatStream: (body, key = TENANT_KEY) => stream(`${url}/v1/chat/completions`, chat({ stream: true, ...body }, key)),
    stop: () => router.stop('end of test'),
  };
}

/** A router for one test, with a data directory that goes with it. */
export async function startForTest(
  more: Readonly<Record<string, unknown>> = {},
  options: Partial<Omit<RouterOptions, 'config'>> = {},
): Promise<Running> {
  const running = await start({ config: configOf(dataDir(), more), ...options });
  onTestFinished(() => running.stop());
  return running;
}

/** A data directory that is removed when the test is over. */
export function dataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'atp-admin-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The error of an answer in OpenAI's shape. */
export function errorOf(reply: Reply): {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
} {
  return reply.json['error'] as { code: string; message: string; param: string | null };
}
