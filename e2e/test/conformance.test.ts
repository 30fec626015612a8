import { type Result, runConformance, SENTENCES } from '@atp-router/conform';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { secretOf, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => standardConfig(upstream));
});
afterAll(() => rig.close());

/** Longer than a fragment. */
const LONG_CHARS = 100_000;

/** What a run without --slow and without a signing key does not judge; the reason is in the verdict. */
const SKIPPED = ['W42', 'W44', 'W45', 'W46', 'S12', 'S20', 'S24', 'S26', 'S27', 'S32', 'S36', 'T9', 'T25'];

const shown = (results: readonly Result[]): string[] => results.map((one) => JSON.stringify(one));

test('the router keeps the protocol, as seen from outside', { timeout: 120_000 }, async () => {
  const { mark } = await rig.upstream.script({ answer: textAnswer('x'.repeat(LONG_CHARS)) });
  const report = await runConformance({
    url: `ws://127.0.0.1:${rig.router.port}/ws`,
    key: secretOf('acme'),
    task: { model: 'm-chat', prompt: mark },
  });
  expect(shown(report.results.filter(({ verdict }) => verdict === 'failed'))).toEqual([]);
  expect(report.results.filter(({ verdict }) => verdict === 'skipped').map(({ id }) => id)).toEqual(SKIPPED);
  expect(report.passed + report.skipped + report.not_observable).toBe(SENTENCES.length);
});
