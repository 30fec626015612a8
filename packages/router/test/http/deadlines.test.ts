import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { through, upstream } from '../admin/upstream.ts';
import { asked, held } from './support.ts';

test('a deadline counts from the arrival of the head, however long the body takes', async () => {
  const { base_url, seen } = await upstream((_req, res) => res.writeHead(500).end());
  const { router, url } = await startForTest(through(base_url));
  const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] });
  const socket = connect(router.server.address.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve) => {
      socket.on('data', (data: Buffer) => {
        text += data.toString();
        if (pattern.test(text)) resolve();
      });
    });
  const continued = until(/^HTTP\/1\.1 100 /);
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    'host: x',
    `authorization: Bearer ${TENANT_KEY}`,
    'x-atp-deadline-ms: 100',
    'expect: 100-continue',
    `content-length: ${body.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  // The router has read the head: from here on its clock runs.
  await continued;
  const arrived_ms = performance.now();
  while (performance.now() - arrived_ms <= 110) await call(`${url}/healthz`);
  const answered = until(/deadline_exceeded/);
  socket.write(body);
  await answered;
  expect(text).toContain('HTTP/1.1 504 ');
  expect(seen).toEqual([]);
});

test('a repeat waits for its first call no longer than its own deadline', async () => {
  const first = held();
  const { base_url } = await upstream(first.answer);
  const running = await startForTest(through(base_url));
  const pending = asked(running, { 'idempotency-key': 'k' });
  const answer = await first.next();
  const late = await asked(running, { 'idempotency-key': 'k', 'x-atp-deadline-ms': '20' });
  expect([late.status, errorOf(late).code]).toEqual([504, 'deadline_exceeded']);
  answer(200);
  expect((await pending).status).toBe(200);
  const again = await asked(running, { 'idempotency-key': 'k' });
  expect([again.status, again.headers['x-atp-idempotent-replay']]).toEqual([200, 'true']);
});

test('a key that becomes free for a repeat which has left by then is free for others', async () => {
  const first = held();
  const { base_url } = await upstream(first.answer);
  const running = await startForTest(through(base_url));
  const pending = asked(running, { 'idempotency-key': 'k' });
  const fail = await first.next();
  const late = await asked(running, { 'idempotency-key': 'k', 'x-atp-deadline-ms': '20' });
  expect(late.status).toBe(504);
  fail(400);
  expect((await pending).status).toBe(400);
  const other = asked(running, { 'idempotency-key': 'k' });
  (await first.next())(200);
  expect([(await other).status, (await other).headers['x-atp-idempotent-replay']]).toEqual([200, undefined]);
});
