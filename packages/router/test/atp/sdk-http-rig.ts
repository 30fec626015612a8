import {
  AtpClient,
  type ClientOptions,
  type LinkEvent,
  type ReplyLike,
  type Runtime,
  systemRuntime,
  type TaskEvent,
} from '@atp-router/sdk';
import { http } from '@atp-router/sdk/http';
import { expect } from 'vitest';
import { type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';

/** One request of the SDK, in order. */
export interface Asked {
  readonly method: string;
  /** Without the name of the connection. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

type Fetch = Runtime['fetch'];
/** What becomes of a request; `fetch` is the real one, and `late` the same after the client has given it up. */
export type Way = (asked: Asked, fetch: () => Promise<ReplyLike>, late: () => Promise<ReplyLike>) => Promise<ReplyLike>;

interface Rig {
  readonly client: AtpClient;
  readonly running: Running;
  readonly asked: readonly Asked[];
  readonly events: readonly LinkEvent[];
}

export const straight: Way = (_asked, fetch) => fetch();

/** A client over plain HTTP of a router that runs, and what is on the way between them. */
export async function rig(
  way: Way = straight,
  options: Partial<ClientOptions> = {},
  config: Readonly<Record<string, unknown>> = {},
): Promise<Rig> {
  const running = await startForTest(config);
  const asked: Asked[] = [];
  const events: LinkEvent[] = [];
  const real = systemRuntime();
  const fetch: Fetch = (url, init) => {
    const { method = 'GET', headers } = init as { readonly method?: string; readonly headers: Asked['headers'] };
    const path = new URL(url).pathname.replace(/^(\/v1\/streams\/)[^/]+/, '$1ID');
    const one = { method, path, headers };
    asked.push(one);
    const late = (): Promise<ReplyLike> => real.fetch(url, { ...init, signal: undefined });
    return way(one, () => real.fetch(url, init), late);
  };
  const client = new AtpClient(
    {
      ...{ url: running.url, key: TENANT_KEY, transport: http, reconnect: { base_ms: 1, cap_ms: 5 } },
      onLink: (event) => events.push(event),
      ...options,
    },
    { ...real, fetch },
  );
  return { client, running, asked, events };
}

/** Closes the client. The router hears of it in a last request, and has no session then. */
export async function close({ client, running }: Pick<Rig, 'client' | 'running'>): Promise<void> {
  await client.close();
  const sessions = async (): Promise<unknown> => (await running.admin('GET', '/sessions')).json['total'];
  await expect.poll(sessions, { timeout: 10_000 }).toBe(0);
}

/** A reply whose body breaks off behind some of its pieces, in the middle of the last one. */
export function broken(reply: ReplyLike, pieces: number): ReplyLike {
  const { body, status, ok, headers } = reply;
  const reader = body?.getReader();
  let left = pieces;
  const read = async (): Promise<{ readonly value?: Uint8Array | undefined }> => {
    if (left === 0) {
      await reader?.cancel();
      throw new TypeError('terminated');
    }
    left -= 1;
    const { value } = (await reader?.read()) ?? {};
    return { value: left === 0 ? value?.subarray(0, Math.ceil(value.length / 2)) : value };
  };
  const cancel = async (): Promise<void> => reader?.cancel();
  return { status, ok, headers, json: () => reply.json(), body: { getReader: () => ({ read, cancel }) } };
}

export async function all(events: AsyncIterable<TaskEvent>): Promise<TaskEvent[]> {
  const out: TaskEvent[] = [];
  for await (const event of events) out.push(event);
  return out;
}

export function expectWhole(events: readonly TaskEvent[]): void {
  const text = events.map((event) => (event.type === 'partial' && event.kind === 'text' ? event.delta : '')).join('');
  const last = events.at(-1);
  expect(text.length).toBeGreaterThan(10);
  expect(last?.type === 'final' ? last.result.text : undefined).toBe(text);
}

export const HI = { prompt: 'Say something longer.', model: 'small' };
export const isEvents = ({ path }: Asked): boolean => path.endsWith('/events');
export const isFrames = ({ path }: Asked): boolean => path.endsWith('/frames');
export const isOpening = ({ path }: Asked): boolean => path === '/v1/streams';
export const connected = (events: readonly LinkEvent[]): readonly boolean[] =>
  events.flatMap((event) => (event.type === 'connected' ? [event.resumed] : []));
