import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const PROMPT_TOKENS = 12;

/** A streamed answer that a test writes. */
export interface Streamed {
  /** Sends so many short words, each at least a token. */
  words(count: number): void;
  finish(): void;
  /** Resolves when the router hangs up. */
  readonly gone: Promise<void>;
}

/**
 * A provider in OpenAI's shape. A prompt `out:40` is answered with 40 completion tokens in the usage report; a streamed
 * answer is handed to the test.
 */
export class TestUpstream {
  /** Prompts of the requests that came, in order. */
  readonly prompts: string[] = [];
  readonly #streams: Streamed[] = [];
  readonly #waiting: ((stream: Streamed) => void)[] = [];
  #port = 0;

  static async start(): Promise<TestUpstream> {
    const upstream = new TestUpstream();
    const server = createServer((req, res) => void upstream.#answer(req, res));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    upstream.#port = (server.address() as AddressInfo).port;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return upstream;
  }

  /** The section of a configuration that uses it, as a cheap and a dear model. */
  get section(): Record<string, unknown> {
    const model = { provider: 'up', context: 128_000, max_output_tokens: 4_000, capabilities: ['chat', 'tools'] };
    return {
      providers: [{ id: 'up', type: 'openai', base_url: `http://127.0.0.1:${this.#port}/v1`, api_key: 'sk-upstream' }],
      models: [
        { ...model, id: 'small', upstream_model: 'gpt-s', price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } },
        { ...model, id: 'dear', upstream_model: 'gpt-d', price: { in_usd_per_mtok: 50, out_usd_per_mtok: 100 } },
      ],
    };
  }

  /** The next streamed answer that a router asked for. */
  nextStream(): Promise<Streamed> {
    const ready = this.#streams.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      stream?: boolean;
      messages: { content: string }[];
    };
    const prompt = body.messages.at(-1)?.content ?? '';
    this.prompts.push(prompt);
    if (body.stream === true) this.#stream(res);
    else {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(JSON.stringify(whole(prompt, this.prompts.length)));
    }
  }

  #stream(res: ServerResponse): void {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const gone = new Promise<void>((resolve) => {
      res.once('close', resolve);
    });
    const stream: Streamed = {
      gone,
      words(count) {
        sent += count;
        res.write(frame({ delta: { content: 'word '.repeat(count) }, finish_reason: null }));
      },
      finish() {
        res.write(frame({ delta: {}, finish_reason: 'stop' }));
        const usage = usageOf(sent);
        res.end(`data: ${JSON.stringify({ ...HEAD, choices: [], usage })}\n\ndata: [DONE]\n\n`);
      },
    };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#streams.push(stream);
    else waiting(stream);
  }
}

const HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-s' };

function frame(choice: object): string {
  return `data: ${JSON.stringify({ ...HEAD, choices: [{ index: 0, ...choice }] })}\n\n`;
}

function usageOf(completion_tokens: number): object {
  return { prompt_tokens: PROMPT_TOKENS, completion_tokens, total_tokens: PROMPT_TOKENS + completion_tokens };
}

function whole(prompt: string, n: number): object {
  const message = { role: 'assistant', content: `answer ${n}` };
  const usage = usageOf(Number(/out:(\d+)/.exec(prompt)?.[1] ?? 1));
  return { ...HEAD, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage };
}
