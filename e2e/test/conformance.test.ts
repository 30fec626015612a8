import { randomBytes } from 'node:crypto';
import { type Result, runConformance, SENTENCES, type SigningSecret } from '@atp-router/conform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

const SECRETS: readonly SigningSecret[] = ['one', 'two'].map((kid) => ({ kid, secret: randomBytes(32) }));

let rig: Rig;
beforeAll(async () => {
  const signing_keys = SECRETS.map(({ kid, secret }) => ({ id: kid, secret: Buffer.from(secret).toString('hex') }));
  rig = await startRig((upstream) => standardConfig(upstream, { tenants: [tenant('acme', { signing_keys })] }));
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
    key: secretOf('acme'),
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
