import type { ServerResponse } from 'node:http';
import { upstream } from './upstream.ts';

/** An upstream that answers when it is told to, and how many requests it has at once. */
export async function held(): Promise<{ base_url: string; open: ServerResponse[]; arrived(n: number): Promise<void> }> {
  const open: ServerResponse[] = [];
  const waiting: { n: number; resolve: () => void }[] = [];
  const { base_url } = await upstream((_req, res) => {
    open.push(res);
    for (const one of waiting) if (open.length >= one.n) one.resolve();
  });
  return {
    base_url,
    open,
    arrived: (n) =>
      new Promise((resolve) => {
        waiting.push({ n, resolve });
        if (open.length >= n) resolve();
      }),
  };
}

export function answer(res: ServerResponse): void {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Here.' }, finish_reason: 'stop' }];
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices }));
}
