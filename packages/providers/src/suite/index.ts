import { GENERATE_CASES } from './cases-generate.ts';
import { OTHER_CASES } from './cases-other.ts';
import type { SuiteCase, SuiteResult, SuiteTarget } from './types.ts';

export { SuiteFailure } from './check.ts';
export type { SuiteAnswer, SuiteCase, SuiteRequest, SuiteResult, SuiteTarget, SuiteTransport } from './types.ts';

/** What every provider has to pass, against a script or live. Each case stands alone and makes its own requests. */
export const PROVIDER_SUITE: readonly SuiteCase[] = [...GENERATE_CASES, ...OTHER_CASES];

/** Runs the suite in order, one request at a time, and goes on after a failure. */
export async function runProviderSuite(
  target: SuiteTarget,
  cases: readonly SuiteCase[] = PROVIDER_SUITE,
): Promise<readonly SuiteResult[]> {
  const results: SuiteResult[] = [];
  for (const one of cases) results.push(await runCase(one, target));
  return results;
}

async function runCase(one: SuiteCase, target: SuiteTarget): Promise<SuiteResult> {
  const reason = one.skip?.(target);
  if (reason !== undefined) return { name: one.name, outcome: 'skipped', reason };
  try {
    await one.run(target);
    return { name: one.name, outcome: 'passed' };
  } catch (error) {
    return { name: one.name, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}
