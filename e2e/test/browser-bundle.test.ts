import { createContext, runInContext } from 'node:vm';
import type { AtpClient } from '@atp-router/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundle, bundleSdk } from '../src/bundle.ts';
import { secretOf } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

/** What it costs a page; a growth beyond it is a decision, not an accident. */
const GZIP_BYTES_MAX = 48_000;

/** Globals that browsers have and the language does not. Nothing of Node: no `process`, no `Buffer`, no `require`. */
const WEB = {
  ...{ WebSocket, fetch, crypto, performance, TextEncoder, TextDecoder, URL, AbortController, AbortSignal },
  ...{ setTimeout, clearTimeout, queueMicrotask, atob, btoa },
};

let bundle: Bundle;
let rig: Rig;
beforeAll(async () => {
  [bundle, rig] = await Promise.all([bundleSdk('atp'), startRig()]);
});
afterAll(() => rig.close());

test('the SDK for browsers is one script that imports nothing and is small', () => {
  expect(bundle.imports).toEqual([]);
  expect(bundle.code).not.toMatch(/\bnode:/);
  expect(bundle.gzip_bytes).toBeLessThan(GZIP_BYTES_MAX);
});

test.each(['websocket', 'http', 'auto'] as const)(
  'it does a task over %s with what browsers have, and nothing else',
  async (transport) => {
    const context = createContext({ ...WEB });
    runInContext(`${bundle.code}\nglobalThis.made = atp;`, context);
    const { AtpClient: Client } = (context as { made: { AtpClient: typeof AtpClient } }).made;
    const { mark } = await rig.upstream.script({ answer: textAnswer('Hello ', 'from ', 'afar.') });
    const client = new Client({ url: rig.router.url, key: secretOf('acme'), transport });
    const result = await client.task({ prompt: `${mark} `, model: 'm-chat' }).result();
    expect(result.text).toBe('Hello from afar.');
    await client.close();
  },
);
