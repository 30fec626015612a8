import type { RouterEvent } from '@atp-router/ledger';
import type { RouteDecided } from '@atp-router/ledger';
import { onTestFinished } from 'vitest';
import { configOf, dataDir, hashOf, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { chunk, upstream } from '../admin/upstream.ts';

export const OTHER_KEY = 'key-of-another-tenant';

/** What a model says to a prompt; undefined: it fails. */
export type Says = (model: string, prompt: string) => string | undefined | Promise<string>;

/** A cheap one, a second like it, and a dear one. */
export const MODELS = [
  { id: 'cheap', price: { in_usd_per_mtok: 0.1, out_usd_per_mtok: 0.4 } },
  { id: 'like', price: { in_usd_per_mtok: 0.1, out_usd_per_mtok: 0.5 } },
  { id: 'dear', price: { in_usd_per_mtok: 10, out_usd_per_mtok: 40 } },
] as const;

export interface Crew {
  readonly running: Running;
  readonly data_dir: string;
  /** Models that were asked, in this order. */
  readonly asked: string[];
  readonly events: RouterEvent[];
  /** Asks `auto`, or somebody else. */
  ask(
    prompt: string,
    more?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Reply>;
  give(body: unknown, key?: string): Promise<Reply>;
  /** What was put on record of a request. */
  decided(id: string): RouteDecided;
  /** Another router over the same data directory, once this one has stopped. */
  again(between?: () => void): Promise<Crew>;
}

/** A router with three models of one upstream, each of which answers at once what `says` has it say. */
export async function crew(says: Says, routing: object = {}, more: object = {}): Promise<Crew> {
  const asked: string[] = [];
  const { base_url } = await upstream((req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (piece: string) => {
      text += piece;
    });
    const answer = async (): Promise<void> => {
      const body = JSON.parse(text) as { model: string; stream?: boolean; messages: { content: string }[] };
      asked.push(body.model);
      const said = await says(body.model, body.messages.at(-1)?.content ?? '');
      const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
      if (said === undefined) {
        res.writeHead(500, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ error: { message: 'no', type: 'server_error' } }));
      } else if (body.stream === true) {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write(chunk({ role: 'assistant', content: said }));
        res.write(chunk({}, 'stop'));
        const last = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [], usage };
        res.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
      } else {
        res.writeHead(200, { 'content-type': 'application/json' });
        const choices = [{ index: 0, message: { role: 'assistant', content: said }, finish_reason: 'stop' }];
        res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'x', choices, usage }));
      }
    };
    req.on('end', () => void answer());
  });
  const config = configOf(dataDir(), {
    providers: [{ id: 'up', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } }],
    models: MODELS.map((model) => ({ ...model, provider: 'up', context: 128_000 })),
    tenants: [
      { id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
      { id: 'other', keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }] },
    ],
    routing: { seed: 7, ...routing },
    ...more,
  });
  return open(config, asked);
}

async function open(config: Parameters<typeof start>[0]['config'], asked: string[]): Promise<Crew> {
  const events: RouterEvent[] = [];
  const running = await start({ config, onEvent: (event) => void events.push(event) });
  onTestFinished(() => running.stop());
  const post = (path: string, body: unknown, key: string, headers: object = {}): Promise<Reply> =>
    call(`${running.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...headers },
      body: JSON.stringify(body),
    });
  return {
    ...{ running, asked, events, data_dir: config.data_dir },
    ask: (prompt, body = {}, headers = {}) =>
      post(
        '/v1/chat/completions',
        { model: 'auto', messages: [{ role: 'user', content: prompt }], ...body },
        TENANT_KEY,
        headers,
      ),
    give: (body, key = TENANT_KEY) => post('/v1/feedback', body, key),
    decided: (id) => {
      const found = events.find((event) => event.type === 'route.decided' && event.call_id === id);
      if (found?.type !== 'route.decided') throw new Error(`nothing was decided for ${id}`);
      return found;
    },
    again: async (between) => {
      await running.stop();
      between?.();
      return open(config, asked);
    },
  };
}
