import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ask } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';

const HI = { prompt: 'Hi', model: 'small' };

describe('one question over HTTP', () => {
  test('refuses a limit that HTTP has no field for', async () => {
    const asked = ask({ url: 'http://127.0.0.1:9', key: TENANT_KEY }, HI, { max_tokens: 10 });
    await expect(asked).rejects.toMatchObject({ code: 'EPROTO', details: { param: 'max_tokens' } });
  });

  test.each([
    ['a page', 'text/html', '<h1>502</h1>'],
    ['an error of another shape', 'application/json', '{"error":"bad gateway"}'],
    ['nothing', 'application/json', 'null'],
  ])('tells the status when a proxy answers with %s', async (_what, type, body) => {
    const server = createServer((_req, res) => void res.writeHead(502, { 'content-type': type }).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(ask({ url: `http://127.0.0.1:${port}`, key: 'k' }, HI)).rejects.toMatchObject({
      ...{ name: 'AtpTaskError', code: 'EAGENTDOWN', details: { status: 502 } },
    });
  });

  test('tells that a router is not there, or broke off', async () => {
    const server = createServer((req) => void req.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const options = { url: `http://127.0.0.1:${port}`, key: 'k' };
    await expect(ask(options, HI)).rejects.toMatchObject({ name: 'AtpInDoubtError', code: 'EAGENTDOWN' });
    await new Promise((resolve) => server.close(resolve));
    await expect(ask(options, HI)).rejects.toMatchObject({ message: expect.stringContaining('ECONNREFUSED') });
  });

  test('leaves an abort of the program as it is', async () => {
    const asked = ask({ url: 'http://127.0.0.1:9', key: 'k' }, HI, { signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});
