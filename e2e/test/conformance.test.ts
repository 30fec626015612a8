import { randomBytes } from 'node:crypto';
import { reach, type Result, runConformance, SENTENCES, type SigningSecret } from '@atp-router/conform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

const SECRETS: readonly SigningSecret[] = ['one', 'two'].map((kid) => ({ kid, secret: randomBytes(32) }));

/** Timers of agents as short as a run waits for them, and as long as a slow machine needs. */
const AGENT_TIMES = { estimate_ms: 3_000, idle_ms: 3_000, reconnect_ms: 500 };
const AGENTS = {
  ...{ id: 'agents', type: 'agent', allow_any_model: true, idle_timeout_ms: AGENT_TIMES.idle_ms },
  agent: { estimate_timeout_ms: AGENT_TIMES.estimate_ms, reconnect_wait_ms: AGENT_TIMES.reconnect_ms },
  retry: { max_attempts: 2, base_ms: 1, cap_ms: 1_000 },
};

let rig: Rig;
beforeAll(async () => {
  const signing_keys = SECRETS.map(({ kid, secret }) => ({ id: kid, secret: Buffer.from(secret).toString('hex') }));
  rig = await startRig((upstream) => {
    const tenants = [tenant('acme', { signing_keys }), tenant('globex')];
    const config = standardConfig(upstream, { tenants, sessions: { checksums: true } });
    return { ...config, providers: [...config.providers, AGENTS] };
  });
});
afterAll(() => rig.close());

/** A machine that runs other tests at the same time is slow. */
const PATIENCE_MS = 20_000;
/** Longer than a fragment. */
const LONG_CHARS = 100_000;

/** What takes timers that are too long for every day; the reason is in the verdict. */
const SKIPPED: readonly string[] = ['S12', 'S20', 'S24', 'S26', 'S27', 'S32', 'T9', 'T25'];

const shown = (results: readonly Result[]): string[] => results.map((one) => JSON.stringify(one));

test('the router keeps the protocol, as seen from outside', { timeout: 120_000 }, async () => {
  const { mark } = await rig.upstream.script({ answer: textAnswer('x'.repeat(LONG_CHARS)) });
  const report = await runConformance({
    url: `ws://127.0.0.1:${rig.router.port}/ws`,
    ...{ key: secretOf('acme'), agent_key: secretOf('acme'), other_key: secretOf('globex'), agent_times: AGENT_TIMES },
    signing: SECRETS,
    patience_ms: PATIENCE_MS,
    task: { model: 'm-chat', prompt: mark },
  });
  expect(shown(report.results.filter(({ verdict }) => verdict === 'failed'))).toEqual([]);
  expect(report.results.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id)).toEqual(SKIPPED);
  expect(report.passed + report.skipped + report.not_observable).toBe(SENTENCES.length);
});

/** Of a short answer everything is kept for a reader that comes back: no event is gone, and none may be missing. */
test('the answer of a task over plain HTTP is whole whatever is cut', { timeout: 120_000 }, async () => {
  const { mark } = await rig.upstream.script({ answer: textAnswer('one ', 'two ', 'three') });
  const target = { url: `ws://127.0.0.1:${rig.router.port}/ws`, key: secretOf('acme'), patience_ms: PATIENCE_MS };
  const { results } = await runConformance({ ...target, task: { model: 'm-chat', prompt: mark } }, { only: ['T29'] });
  expect(results.map(({ id, verdict }) => [id, verdict])).toEqual([['T29', 'passed']]);
});

test('the router refuses keys that it does not know, and is reached with one that it does', async () => {
  const url = `ws://127.0.0.1:${rig.router.port}/ws`;
  expect(await reach({ url, key: secretOf('acme') })).toEqual({ type: 'there' });
  expect(await reach({ url, key: 'key-of-nobody' })).toEqual({ type: 'denied', why: 'HTTP 401' });
  expect(await reach({ url })).toEqual({ type: 'denied', why: 'ESEC' });
  expect(await reach({ url: url.replace(/ws$/, 'health') })).toMatchObject({ type: 'no_server' });
});
