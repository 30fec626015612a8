import type { ServerResponse } from 'node:http';
import { chunk, upstream } from '../admin/upstream.ts';
import { hashOf, type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';

/** A question that an upstream was asked, to be answered when the test says so. */
export class Asked {
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly #res: ServerResponse;
  /** The router hung up before the answer was complete. */
  readonly gone: Promise<void>;
  is_gone = false;

  constructor(body: Readonly<Record<string, unknown>>, res: ServerResponse) {
    this.model = String(body['model']);
    this.body = body;
    this.#res = res;
    this.gone = new Promise((resolve) => {
      res.once('close', () => {
        this.is_gone = !res.writableFinished;
        resolve();
      });
    });
  }

  get messages(): readonly { readonly role: string; readonly content: unknown }[] {
    return this.body['messages'] as never;
  }

  begin(text: string): void {
    this.#res.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#res.write(chunk({ role: 'assistant', content: '' }));
    this.more(text);
  }

  more(text: string): void {
    this.#res.write(chunk({ content: text }));
  }

  think(text: string): void {
    this.#res.write(chunk({ reasoning_content: text }));
  }

  end(usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, finish = 'stop'): void {
    const last = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [], usage };
    this.#res.write(chunk({}, finish));
    this.#res.end(`data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
  }

  answer(text: string): void {
    this.begin(text);
    this.end();
  }

  /** To a request that is not for a stream. */
  whole(content: string): void {
    this.#res.writeHead(200, { 'content-type': 'application/json' });
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    this.#res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'x', choices, usage }));
  }

  /** To a request for embeddings. */
  vectors(of: (text: string) => readonly number[]): void {
    const data = this.texts.map((text, index) => ({ object: 'embedding', index, embedding: of(text) }));
    this.#res.writeHead(200, { 'content-type': 'application/json' });
    const usage = { prompt_tokens: 7, total_tokens: 7 };
    this.#res.end(JSON.stringify({ object: 'list', model: this.model, data, usage }));
  }

  get texts(): readonly string[] {
    return this.body['input'] as readonly string[];
  }

  fail(status: number, message = 'no'): void {
    this.#res.writeHead(status, { 'content-type': 'application/json' });
    this.#res.end(JSON.stringify({ error: { message, type: 'server_error' } }));
  }
}

export interface Scripted {
  readonly base_url: string;
  readonly asked: readonly Asked[];
  /** The next question to a model, which is taken once; waits for it. */
  next(model: string): Promise<Asked>;
}

export async function scripted(): Promise<Scripted> {
  const asked: Asked[] = [];
  const fresh: Asked[] = [];
  const waiting: { readonly model: string; readonly take: (one: Asked) => void }[] = [];
  const { base_url } = await upstream((req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (piece: string) => {
      text += piece;
    });
    req.on('end', () => {
      const one = new Asked(JSON.parse(text) as Readonly<Record<string, unknown>>, res);
      asked.push(one);
      const i = waiting.findIndex(({ model }) => model === one.model);
      const [waiter] = i < 0 ? [] : waiting.splice(i, 1);
      if (waiter === undefined) fresh.push(one);
      else waiter.take(one);
    });
  });
  return {
    base_url,
    asked,
    next: (model) => {
      const i = fresh.findIndex((one) => one.model === model);
      const [one] = i < 0 ? [] : fresh.splice(i, 1);
      if (one !== undefined) return Promise.resolve(one);
      return new Promise((take) => {
        waiting.push({ model, take });
      });
    },
  };
}

export interface Panel extends Running {
  readonly up: Scripted;
  /** Answers each of the models with its text, as they are asked. */
  answerAll(texts: Readonly<Record<string, string>>): Promise<void>;
}

/** Sections of the configuration; that of providers needs to know where the upstream is. */
export interface PanelOptions {
  readonly providers?: (base_url: string) => readonly object[];
  readonly [section: string]: unknown;
}

const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };

/** A router whose policies ask models `a`, `b`, `c`, `d` and `e` of one scripted upstream. */
export async function panel(
  policies: readonly Readonly<Record<string, unknown>>[],
  { providers, ...more }: PanelOptions = {},
  options: Parameters<typeof startForTest>[1] = {},
): Promise<Panel> {
  const up = await scripted();
  const sections = {
    providers: providers?.(up.base_url) ?? [
      { id: 'up', type: 'openai', base_url: up.base_url, api_key: 'k', retry: { max_attempts: 1 } },
    ],
    models: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, provider: 'up', context: 128_000, price: PRICE })),
    tenants: [
      { id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], budget: { usd_per_day: 50 } },
    ],
    policies,
    ...more,
  };
  const running = await startForTest(sections, options);
  const answerAll = async (texts: Readonly<Record<string, string>>): Promise<void> => {
    await Promise.all(Object.entries(texts).map(async ([model, text]) => (await up.next(model)).answer(text)));
  };
  return { ...running, up, answerAll };
}

/** The extension field of a whole answer. */
export function consensusOf(json: unknown): Readonly<Record<string, unknown>> {
  return (json as { readonly atp: { readonly consensus: Readonly<Record<string, unknown>> } }).atp.consensus;
}

/** Under which a whole answer's call is recorded. */
export function idOf(json: unknown): string {
  return (json as { readonly id: string }).id;
}
