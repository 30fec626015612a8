import { request } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { configOf, dataDir, start, TENANT_KEY } from './admin/harness.ts';

/** Sends a byte now and then for as long as it may, and gives the answer that ends it. */
function drip(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${TENANT_KEY}`,
      'content-type': 'application/json',
      'content-length': 9_999,
    };
    const req = request(url, { method: 'POST', headers });
    const timer = setInterval(() => req.write(' '), 5);
    onTestFinished(() => {
      clearInterval(timer);
      req.destroy();
    });
    req.once('error', reject);
    req.once('response', (res) => {
      clearInterval(timer);
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('end', () => resolve({ status: res.statusCode, body: Buffer.concat(chunks).toString() }));
    });
  });
}

test.each(['chat/completions', 'embeddings', 'messages', 'messages/count_tokens'])(
  'a body that drips gets its time and no more (%s)',
  async (path) => {
    const config = configOf(dataDir());
    // Shorter than a configuration may set it, so that the test does not wait.
    const limits = { ...config.limits, body_duration_ms: 50 };
    const running = await start({ config: { ...config, limits } });
    onTestFinished(() => running.stop());
    const { status, body } = await drip(`${running.url}/v1/${path}`);
    expect(status).toBe(408);
    expect(JSON.parse(body)).toMatchObject({
      error: { code: 'request_timeout', message: 'The body was not complete within 50 ms.' },
    });
    expect((await running.chat({})).status).toBe(200);
  },
);
