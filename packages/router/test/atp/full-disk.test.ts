import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AtpClient, systemRuntime } from '@atp-router/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, type Running, start, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';

const REASON = 'constraint failed';

interface Rig {
  readonly running: Running;
  /** What the operator is told. */
  readonly told: string[];
  /** From now on nothing can be written, as on a disk that is full. */
  fill(): void;
}

/** A router whose file of sessions a test can make refuse what is written. */
async function rig(): Promise<Rig> {
  const dir = dataDir();
  const told: string[] = [];
  const running = await start({
    config: configOf(dir, {}),
    onProblem: (source, { message }) => told.push(`${source} ${message}`),
  });
  onTestFinished(() => running.stop());
  // The first session makes the tables.
  const { client } = clientOf(running);
  await client.task(ASK).result();
  await client.close();
  const fill = (): void => {
    const file = new DatabaseSync(join(dir, 'sessions.sqlite'));
    // As SQLite has it, this is a constraint; a disk that is full has another word at the same place.
    file.exec(`CREATE TRIGGER full BEFORE INSERT ON items BEGIN SELECT RAISE(ABORT, 'full'); END`);
    file.close();
  };
  return { running, told, fill };
}

/** A client, and the codes with which its connections were closed. */
function clientOf({ url }: Running): { readonly client: AtpClient; readonly codes: readonly number[] } {
  const codes: number[] = [];
  const runtime = systemRuntime();
  class Socket extends WebSocket {
    constructor(to: string, protocols: readonly string[]) {
      super(to, [...protocols]);
      this.addEventListener('close', ({ code }) => codes.push(code));
    }
  }
  const options = { url, key: TENANT_KEY, reconnect: { base_ms: 1, cap_ms: 2, attempts_max: 1 } };
  const client = new AtpClient(options, { ...runtime, WebSocket: Socket as unknown as typeof runtime.WebSocket });
  onTestFinished(() => client.close());
  return { client, codes };
}

const ASK = { prompt: 'Hi', model: 'small' };
const WORDS = /its storage fails.*open another session in a while, or at another router/;

test('a session that cannot be kept is not opened: its client is told whose fault it is, and the operator what it is', async () => {
  const { running, told, fill } = await rig();
  fill();
  const { client, codes } = clientOf(running);
  const failed = client.task(ASK).result();
  await expect(failed).rejects.toMatchObject({
    message: expect.stringMatching(WORDS),
    details: { error: 'internal_error' },
    retry_after_ms: expect.any(Number),
  });
  await expect.poll(() => codes).toEqual([1011]);
  expect(told[0]).toContain(REASON);
  expect(told.join()).not.toContain('log');
});

test('a session that cannot be kept any more ends so, too', async () => {
  const { running, fill } = await rig();
  const { client, codes } = clientOf(running);
  await client.task(ASK).result();
  fill();
  await expect(client.task(ASK).result()).rejects.toMatchObject({ message: expect.stringMatching(WORDS) });
  await expect.poll(() => codes[0]).toBe(1011);
});

test('over plain HTTP it is a 500 with the same words', async () => {
  const { running, fill } = await rig();
  fill();
  const hello = {
    ...{ v: 1, session_id: 'a-session-of-16-characters', stream_id: '0', msg_seq: 0, flags: ['SYN', 'CTRL'] },
    payload: { type: 'control.hello', content: { token: TENANT_KEY } },
  };
  const reply = await call(`${running.url}/v1/streams`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TENANT_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(hello),
  });
  expect(reply.status).toBe(500);
  expect(JSON.stringify(reply.json)).toMatch(WORDS);
});
