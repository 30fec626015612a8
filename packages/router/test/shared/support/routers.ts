import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { CallEnded, CallOpened } from '@atp-router/ledger';
import { onTestFinished } from 'vitest';
import { configOf, dataDir, hashOf, type Running, start } from '../../admin/harness.ts';
import { call, type OpenStream, type Reply, type Sent, stream } from '../../admin/http.ts';

/** A second tenant, without a budget. */
export const FREE_KEY = 'key-of-the-free-tenant';
export const ACME_KEY = 'key-of-acme';
export const SEAL_KEY: string = randomBytes(32).toString('hex');

export interface SharedRouter extends Running {
  /** What its journal says of calls. */
  readonly opened: readonly CallOpened[];
  readonly ended: readonly CallEnded[];
}

export interface SharedConfig {
  readonly url: string;
  /** Daily budget of `acme`. */
  readonly budget?: Readonly<Record<string, number>>;
  readonly tenant?: Readonly<Record<string, unknown>>;
  readonly seal_key?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Sections of the configuration of a router that shares its state. */
export function sectionsOf({ url, budget, tenant, seal_key, more }: SharedConfig): Record<string, unknown> {
  return {
    store: { type: 'postgres', url, ...(seal_key === undefined ? {} : { seal_key }) },
    tenants: [
      { id: 'acme', keys: [{ id: 'k1', hash: hashOf(ACME_KEY) }], ...(budget && { budget }), ...tenant },
      { id: 'free', keys: [{ id: 'k1', hash: hashOf(FREE_KEY) }] },
    ],
    ...more,
  };
}

/** A router in this process, stopped when the test is over. */
export async function sharedRouter(config: SharedConfig, dir: string = dataDir()): Promise<SharedRouter> {
  const running = await start({ config: configOf(dir, sectionsOf(config)) });
  onTestFinished(() => running.stop());
  const opened: CallOpened[] = [];
  const ended: CallEnded[] = [];
  running.router.bus.listen((event) => {
    if (event.type === 'call.opened') opened.push(event);
    if (event.type === 'call.ended') ended.push(event);
  });
  return { ...running, opened, ended };
}

export interface Prompt {
  readonly text: string;
  readonly model?: string;
  readonly key?: string;
  readonly idempotency_key?: string;
  readonly max_tokens?: number;
}

function requestOf(prompt: Prompt, streamed: boolean): Sent {
  const { text, model = 'small', key = ACME_KEY, idempotency_key, max_tokens } = prompt;
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${key}`,
      ...(idempotency_key === undefined ? {} : { 'idempotency-key': idempotency_key }),
    },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: text }],
      ...(max_tokens === undefined ? {} : { max_tokens }),
      ...(streamed ? { stream: true } : {}),
    }),
  };
}

export function ask(url: string, prompt: Prompt): Promise<Reply> {
  return call(`${url}/v1/chat/completions`, requestOf(prompt, false));
}

export function askStream(url: string, prompt: Prompt): Promise<OpenStream> {
  return stream(`${url}/v1/chat/completions`, requestOf(prompt, true));
}

/** A call whose client can leave before any answer. `status` is undefined when there was none. */
export function begin(url: string, prompt: Prompt): { readonly status: Promise<number | undefined>; leave(): void } {
  const { body, ...options } = requestOf(prompt, false);
  const outgoing = request(`${url}/v1/chat/completions`, { ...options, agent: false });
  const status = new Promise<number | undefined>((resolve) => {
    outgoing.once('response', (incoming) => resolve(incoming.resume().statusCode));
    outgoing.once('error', () => resolve(undefined));
  });
  outgoing.end(body);
  return { status, leave: () => outgoing.destroy() };
}
