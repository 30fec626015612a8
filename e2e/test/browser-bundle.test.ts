import { createContext, runInContext } from 'node:vm';
import type { AtpClient, Transport } from '@atp-router/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundle, bundleSdk } from '../src/bundle.ts';
import { secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

/** What it costs a page; a growth beyond it is a decision, not an accident. */
const GZIP_BYTES_MAX = 48_000;
/** And what plain HTTP costs beside it. */
const HTTP_GZIP_BYTES_MAX = 2_500;

/** Globals that browsers have and the language does not. Nothing of Node: no `process`, no `Buffer`, no `require`. */
const WEB = {
  ...{ WebSocket, fetch, crypto, performance, TextEncoder, TextDecoder, URL, AbortController, AbortSignal },
  ...{ setTimeout, clearTimeout, queueMicrotask, atob, btoa },
};

let bundle: Bundle;
let with_http: Bundle;
let rig: Rig;
beforeAll(async () => {
  [bundle, with_http, rig] = await Promise.all([bundleSdk('atp'), bundleSdk('atp', 'with http'), startRig()]);
});
afterAll(() => rig.close());

test('the SDK for browsers is one script that imports nothing and is small, also with plain HTTP', () => {
  for (const { imports, code } of [bundle, with_http]) {
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/\bnode:/);
  }
  expect(bundle.gzip_bytes).toBeLessThan(GZIP_BYTES_MAX);
  expect(with_http.gzip_bytes - bundle.gzip_bytes).toBeLessThan(HTTP_GZIP_BYTES_MAX);
});

/** What the script has under its global name. */
interface Atp {
  readonly AtpClient: typeof AtpClient;
  readonly http: Transport;
  readonly auto: Transport;
}

test.each(['websocket', 'http', 'auto'] as const)(
  'it does a task over %s with what browsers have, and nothing else',
  async (transport) => {
    const context = createContext({ ...WEB });
    const { code } = transport === 'websocket' ? bundle : with_http;
    runInContext(`${code}\nglobalThis.made = atp;`, context);
    const { made } = context as { made: Atp };
    const { mark } = await rig.upstream.script({ answer: textAnswer('Hello ', 'from ', 'afar.') });
    const options = { url: rig.router.url, key: secretOf('acme') };
    const client = new made.AtpClient({
      ...options,
      ...(transport !== 'websocket' && { transport: made[transport] }),
    });
    const result = await client.task({ prompt: `${mark} `, model: 'm-chat' }).result();
    expect(result.text).toBe('Hello from afar.');
    await client.close();
  },
);
