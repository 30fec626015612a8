import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RouterEvent, ShadowCompared } from '@atp-router/ledger';
import { onTestFinished } from 'vitest';
import { type Running, startForTest } from '../admin/harness.ts';
import { chunk } from '../admin/upstream.ts';

/** What each model says; a status in place of words is an error. */
export type Says = Readonly<Record<string, string | number>>;

export interface Stage {
  readonly running: Running;
  /** Bodies as they came, by model. */
  readonly asked: readonly { readonly model: string; readonly body: Readonly<Record<string, unknown>> }[];
  says: Says;
  readonly events: readonly RouterEvent[];
  /** Resolves when there have been so many of a type. */
  seen(type: RouterEvent['type'], count: number): Promise<void>;
  compared(): readonly ShadowCompared[];
}

const PRICE = { in_usd_per_mtok: 10, out_usd_per_mtok: 20 };
const CHEAP = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };

/** A router with model `champ`, and model `rook` that is its shadow, at one upstream that answers as it is told. */
export async function onStage(says: Says, more: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
  const asked: { model: string; body: Readonly<Record<string, unknown>> }[] = [];
  const stage = { says };
  const server = await listening((body) => {
    const model = String(body['model']);
    asked.push({ model, body });
    return stage.says[model] ?? 500;
  });
  const base_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const model = { provider: 'up', context: 128_000, capabilities: ['chat', 'tools'], safety_grade: 'A' };
  const events: RouterEvent[] = [];
  let wake: () => void = () => undefined;
  const config = {
    providers: [{ id: 'up', type: 'openai', base_url, api_key: 'sk-x', retry: { max_attempts: 1 } }],
    models: [
      { id: 'champ', ...model, price: PRICE },
      { id: 'rook', ...model, price: CHEAP, status: 'shadow' },
    ],
    shadow: { sample: 1 },
    ...more,
  };
  const onEvent = (event: RouterEvent): void => {
    events.push(event);
    wake();
  };
  const running = await startForTest(config, { onEvent });
  return Object.assign(stage, {
    ...{ running, asked, events },
    async seen(type: RouterEvent['type'], count: number): Promise<void> {
      while (events.filter((one) => one.type === type).length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    compared: () => events.filter((one): one is ShadowCompared => one.type === 'shadow.compared'),
  });
}

async function listening(answer: (body: Record<string, unknown>) => string | number): Promise<Server> {
  const server = createServer((req, res) => {
    void bodyOf(req).then((body) => {
      const said = answer(body);
      if (typeof said === 'number') {
        res.writeHead(said, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
      } else if (body['stream'] === true) {
        const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
        const last = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`;
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.end(`${chunk({ role: 'assistant', content: said })}${chunk({}, 'stop')}${last}data: [DONE]\n\n`);
      } else {
        const message = { role: 'assistant', content: said };
        const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
        const choices = [{ index: 0, message, finish_reason: 'stop' }];
        const whole = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage };
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
      }
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const piece of req) text += String(piece);
  return JSON.parse(text) as Record<string, unknown>;
}
