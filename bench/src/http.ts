import { request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ANSWER_MARK, requestBody } from './bodies.ts';
import type { Child } from './child.ts';
import type { RunningTarget } from './target.ts';

const TRY_MS_MAX = 10_000;
const POLL_MS = 50;
const BODY_CHARS_SHOWN = 400;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request without keep-alive; rejects on a network error and after ten seconds. */
export function exchange(url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const req = request(url, { method, headers, agent: false, timeout: TRY_MS_MAX }, (res) => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part));
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    req.on('timeout', () => req.destroy(new Error(`${url}: no answer within ${TRY_MS_MAX} ms`)));
    req.on('error', reject);
    req.end(body);
  });
}

/** Resolves once a GET of the address is answered with the status; fails when the process ends or takes too long. */
export async function untilAnswers(child: Child, url: string, status: number): Promise<void> {
  const giveUp = new AbortController();
  const poll = async (): Promise<void> => {
    while (!giveUp.signal.aborted) {
      const seen = await exchange(url, {}).then(
        (answer) => answer.status,
        () => 0,
      );
      if (seen === status) return;
      await delay(POLL_MS);
    }
  };
  try {
    await child.orFail(poll());
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    giveUp.abort();
  }
}

/** A port that was free a moment ago, for programs that cannot pick one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Sends one request of each kind and throws with the answer when it is not what the upstream sends. */
export async function verify(target: RunningTarget): Promise<void> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const line of target.headers)
    headers[line.slice(0, line.indexOf(':'))] = line.slice(line.indexOf(':') + 1).trim();
  for (const kind of ['plain', 'stream'] as const) {
    const mark = kind === 'plain' ? ANSWER_MARK : 'data: [DONE]';
    const answer = await exchange(target.url(kind), headers, requestBody(kind));
    if (answer.status !== 200 || !answer.body.includes(mark)) {
      const shown = answer.body.slice(0, BODY_CHARS_SHOWN);
      throw new Error(`${target.name}: ${kind} request answered ${answer.status} without ${mark}: ${shown}`);
    }
  }
}
