import type { ServerResponse } from 'node:http';
import { answer } from '../../admin/held.ts';
import { upstream } from '../../admin/upstream.ts';

/** An upstream that answers when it is told to, and knows what it was asked. */
export interface HeldUpstream {
  readonly base_url: string;
  readonly prompts: readonly string[];
  /** Most requests that were there at once. */
  readonly most: number;
  arrived(n: number): Promise<void>;
  /** Answers the oldest that was not answered yet. */
  next(): void;
}

export async function heldUpstream(): Promise<HeldUpstream> {
  const open: ServerResponse[] = [];
  const prompts: string[] = [];
  const waiting: { readonly n: number; resolve(): void }[] = [];
  let most = 0;
  const { base_url } = await upstream((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (data: Buffer) => chunks.push(data));
    req.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      prompts.push(messages.at(-1)?.content ?? '');
      open.push(res);
      most = Math.max(most, open.length);
      for (const one of waiting) if (prompts.length >= one.n) one.resolve();
    });
  });
  return {
    base_url,
    prompts,
    get most() {
      return most;
    },
    arrived: (n) =>
      new Promise((resolve) => {
        waiting.push({ n, resolve });
        if (prompts.length >= n) resolve();
      }),
    next: () => {
      const oldest = open.shift();
      if (oldest === undefined) throw new Error('nothing to answer');
      answer(oldest);
    },
  };
}
