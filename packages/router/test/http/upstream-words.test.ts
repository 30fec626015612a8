import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call, type Reply } from '../admin/http.ts';
import { type Answer, chunk, through, upstream } from '../admin/upstream.ts';

const KEY = 'sk-router+secret/999';
const HEADER = 'hdr-secret-12345';

/** A model at an upstream that knows the router by a key and by a header. */
const secretly = (base_url: string): Record<string, unknown> => ({
  ...through(base_url),
  providers: [
    {
      ...{ id: 'up', type: 'openai', base_url, api_key: KEY, retry: { max_attempts: 1 } },
      headers: { 'x-gateway': `Token ${HEADER}`, 'x-title': 'Our own application' },
    },
  ],
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Ways to say a secret, each in words around it. */
const FORMS: [string, string][] = [
  ['as it is', `bad header Bearer ${KEY}.`],
  ['in a header of its own', `bad header Token ${HEADER}.`],
  ['percent-encoded', `bad parameter key=${encodeURIComponent(KEY)}&x=1`],
  ['in hex', `bad bytes ${Buffer.from(KEY).toString('hex')}`],
  ['in base64', `bad credentials ${base64(KEY)}`],
  ['in base64 behind a user', `bad credentials ${base64(`u:${KEY}`)}`],
  ['in base64 between others', `bad credentials ${base64(`me:${KEY}:you`)}`],
  ['in base64url', `bad credentials ${Buffer.from(KEY).toString('base64url')}`],
  ['where the text is cut', `${'x'.repeat(2_000 - 12)}${KEY}`],
];

const LEAKS: readonly RegExp[] = [
  new RegExp(KEY.replace(/[+/]/g, '.')),
  /sk-router/,
  new RegExp(HEADER),
  new RegExp(encodeURIComponent(KEY)),
  new RegExp(Buffer.from(KEY).toString('hex')),
  // The middle of the key at each place within a group of base64.
  ...['', 'u:', 'me:'].map(
    (before) =>
      new RegExp(
        base64(before + KEY)
          .slice(4, 20)
          .replace(/[+/]/g, '.'),
      ),
  ),
];

const refusing =
  (status: number, message: string): Answer =>
  (_req, res) =>
    res
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }));

const failingInside =
  (message: string): Answer =>
  (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(chunk({ content: 'One' }));
    res.end(`data: ${JSON.stringify({ error: { message, type: 'invalid_request_error' } })}\n\n`);
  };

describe.each(FORMS)('a secret of the router that a provider says %s', (_name, message) => {
  test('is not told on', async () => {
    let answer = refusing(400, message);
    const { base_url } = await upstream((req, res) => answer(req, res));
    const { url, chat } = await startForTest(secretly(base_url));
    const told: Reply[] = [await chat({}), await chat({ stream: true })];
    const body = JSON.stringify({ model: 'small', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] });
    const headers = { authorization: `Bearer ${TENANT_KEY}` };
    told.push(await call(`${url}/v1/messages`, { method: 'POST', headers, body }));
    for (const { status } of told) expect(status).toBe(400);
    answer = failingInside(message);
    told.push(await chat({ stream: true }));
    for (const { text } of told) {
      expect(text).toContain('[redacted]');
      for (const leak of LEAKS) expect(text).not.toMatch(leak);
    }
  });
});

test('what only resembles a secret stays', async () => {
  const { base_url } = await upstream(refusing(400, 'sk-router is unknown to Our own application'));
  const { chat } = await startForTest(secretly(base_url));
  expect(errorOf(await chat({})).message).toContain('sk-router is unknown to Our own application');
});

const DONE = JSON.stringify({
  ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'Done.' }, finish_reason: 'stop' }],
});
const STREAM = `${chunk({ content: 'One' })}${chunk({}, 'stop')}data: [DONE]\n\n`;

describe('an answer that cannot be read is told with its cause', () => {
  const cases: [string, boolean, Answer, string[]][] = [
    [
      'compressed',
      false,
      (_req, res) =>
        res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(DONE)),
      ['is not JSON', 'content-encoding "gzip"'],
    ],
    [
      'a compressed stream',
      true,
      (_req, res) =>
        res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(gzipSync(STREAM)),
      ['content-encoding "gzip"'],
    ],
    [
      'a stream that was not asked for',
      false,
      (_req, res) => res.writeHead(200, { 'content-type': 'text/event-stream' }).end(STREAM),
      ['is not JSON', 'content-type is "text/event-stream"', 'JSON was asked for'],
    ],
    [
      'a page in place of a stream',
      true,
      (_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>'),
      ['content-type is "text/html"', 'a stream was asked for'],
    ],
    [
      'a redirect',
      false,
      (_req, res) => res.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      ['redirect', '302', 'base_url'],
    ],
  ];
  test.each(cases)('%s', async (_name, stream, answer, says) => {
    const { base_url } = await upstream(answer);
    const { chat } = await startForTest(secretly(base_url));
    const { message } = errorOf(await chat({ stream }));
    expect(message).toMatch(/^Provider "up" /);
    for (const words of says) expect(message).toContain(words);
  });

  test('a whole answer that is cut is told as no more than that', async () => {
    const { base_url } = await upstream((_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
      res.write(DONE.slice(0, 20), () => res.destroy());
    });
    const { chat } = await startForTest(secretly(base_url));
    const { message } = errorOf(await chat({}));
    expect(message).toBe('Provider "up" ended its answer before it was complete.');
  });
});
