import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server in OpenAI's shape that does what a test says. */
export interface Upstream {
  readonly base_url: string;
  /** Requests as they came: method, path and the authorization header. */
  readonly seen: readonly string[];
}

export type Answer = (req: IncomingMessage, res: ServerResponse) => void;

export async function upstream(answer: Answer): Promise<Upstream> {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url} ${req.headers.authorization ?? '-'}`);
    req.resume();
    answer(req, res);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { base_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen };
}

export const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-x',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;

/** An answer that begins and never ends by itself. `gone` resolves when the router hangs up. */
export function endless(): { readonly answer: Answer; readonly gone: Promise<void> } {
  let left: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    left = resolve;
  });
  return {
    gone,
    answer: (_req, res) => {
      res.once('close', left);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ role: 'assistant', content: 'One' }));
      res.write(chunk({ content: ' two' }));
    },
  };
}

/** The section of a configuration that uses an upstream as model `small`. */
export function through(base_url: string): Record<string, unknown> {
  return {
    providers: [{ id: 'up', type: 'openai', base_url, api_key: 'sk-upstream-secret' }],
    models: [
      {
        ...{ id: 'small', provider: 'up', upstream_model: 'gpt-x', context: 128_000, capabilities: ['chat', 'tools'] },
        price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
      },
    ],
  };
}
