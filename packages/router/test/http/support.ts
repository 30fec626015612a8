import type { ServerResponse } from 'node:http';
import { type Running, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import type { Answer } from '../admin/upstream.ts';

type Headers = Readonly<Record<string, string>>;

/** A chat request with headers of its own. */
export function asked({ url }: Running, headers: Headers, key: string = TENANT_KEY): Promise<Reply> {
  return call(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] }),
  });
}

const DONE = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

/** An upstream that answers each request when the test says so, in the order of their arrival. */
export function held(): { readonly answer: Answer; next(): Promise<(status: number) => void> } {
  const arrived: ServerResponse[] = [];
  const wanted: ((res: ServerResponse) => void)[] = [];
  const finish = (res: ServerResponse) => (status: number) => {
    const body = status === 200 ? DONE : '{"error":{"message":"no","type":"invalid_request_error"}}';
    res.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  return {
    answer: (_req, res) => {
      const want = wanted.shift();
      if (want === undefined) arrived.push(res);
      else want(res);
    },
    next: async () => {
      const res = arrived.shift();
      return finish(res ?? (await new Promise<ServerResponse>((resolve) => wanted.push(resolve))));
    },
  };
}
