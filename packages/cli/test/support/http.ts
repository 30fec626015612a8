import { createServer, type IncomingHttpHeaders, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request; the reply is handed over when its head is there, the body when it has ended. */
export function open(
  url: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  } = {},
): { readonly first: Promise<string>; readonly whole: Promise<Reply> } {
  const { method = 'GET', headers = {}, body } = options;
  const early = Promise.withResolvers<string>();
  const late = Promise.withResolvers<Reply>();
  // Who waits for the one does not have to wait for the other.
  for (const { promise } of [early, late]) promise.catch(() => undefined);
  const fail = (error: Error): void => {
    early.reject(error);
    late.reject(error);
  };
  const req = request(url, { method, headers }, (res) => {
    let text = '';
    res.setEncoding('utf8');
    res.on('data', (chunk: string) => {
      text += chunk;
      early.resolve(text);
    });
    res.on('end', () => {
      early.resolve(text);
      late.resolve({ status: res.statusCode ?? 0, headers: res.headers, body: text });
    });
    res.on('error', fail);
  });
  req.on('error', fail);
  req.end(body);
  return { first: early.promise, whole: late.promise };
}

/** A streamed chat call. */
export function openStream(url: string, key: string, model: string): ReturnType<typeof open> {
  return open(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hi' }] }),
  });
}

/** A server on this machine that ends with the test; returns its address. */
export async function startServer(onRequest: RequestListener): Promise<string> {
  const server = createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
