import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Report, runConformance, type SigningSecret } from '@atp-router/conform';
import { secretOf, standardConfig, tenant } from '../config.ts';
import { startRig } from '../harness.ts';
import { textAnswer } from '../upstream/script.ts';
import type { Part } from './part.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Longer than a fragment. */
const LONG_CHARS = 100_000;
/** A machine that runs other parts of this at the same time is slow. */
const PATIENCE_MS = 20_000;
const OUTPUT_BYTES_MAX = 64 * 1_048_576;

/** The whole runner against a router process that is configured as it is by default, with keys to sign with. */
async function judgeRouter(slow: boolean): Promise<Report> {
  const signing: SigningSecret[] = ['one', 'two'].map((kid) => ({ kid, secret: randomBytes(32) }));
  const signing_keys = signing.map(({ kid, secret }) => ({ id: kid, secret: Buffer.from(secret).toString('hex') }));
  const rig = await startRig((upstream) => standardConfig(upstream, { tenants: [tenant('acme', { signing_keys })] }));
  try {
    const { mark } = await rig.upstream.script({ answer: textAnswer('x'.repeat(LONG_CHARS)) });
    return await runConformance({
      url: `ws://127.0.0.1:${rig.router.port}/ws`,
      key: secretOf('acme'),
      ...{ signing, slow, patience_ms: PATIENCE_MS, task: { model: 'm-chat', prompt: mark } },
    });
  } finally {
    await rig.close();
  }
}

/** Every mutant of the reference server against every judge. Gives what is wrong. */
async function crossMutants(): Promise<readonly string[]> {
  const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
  const args = [vitest, 'run', 'packages/conform/test/crossed.test.ts'];
  const env = { ...process.env, ATP_DEEP: '1', NO_COLOR: '1' };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: ROOT, env, maxBuffer: OUTPUT_BYTES_MAX });
    return [];
  } catch (error) {
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    return [`crossed mutants: ${/AssertionError.*/.exec(stdout)?.[0] ?? message.split('\n')[0] ?? 'unknown'}`];
  }
}

/** The protocol as it is seen from outside, with its long timers too; and whether the judges can be trusted. */
export const conformance: Part = async ({ short, say }) => {
  const { passed, failed, skipped, not_observable, results } = await judgeRouter(!short);
  say(`${passed} sentences passed, ${failed} failed, ${skipped} skipped`);
  const crossed = short ? [] : await crossMutants();
  const of = (verdict: string): string =>
    results.flatMap((one) => (one.verdict === verdict ? [one.id] : [])).join(', ') || 'none';
  return {
    facts: [
      ['sentences', String(results.length)],
      ['passed', String(passed)],
      ['failed', of('failed')],
      ['skipped', of('skipped')],
      ['not observable from outside', String(not_observable)],
      ['every mutant against every judge', short ? 'not in a short run' : crossed.length === 0 ? 'passed' : 'FAILED'],
    ],
    problems: [
      ...results.flatMap((one) =>
        one.verdict === 'failed' ? [`${one.id}: expected ${one.expected}, seen ${one.seen}`] : [],
      ),
      ...crossed,
    ],
  };
};
