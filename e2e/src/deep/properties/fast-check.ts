import { createRequire } from 'node:module';
import type fastCheck from 'fast-check';

/**
 * Stands in for fast-check in the long run of the property tests: the same properties, with more runs and other seeds
 * than `npm test` has every day.
 */
const real = createRequire(import.meta.url)('fast-check') as typeof fastCheck;
const factor = Number(process.env['ATP_DEEP_FACTOR'] ?? 1);
const seed = Number(process.env['ATP_DEEP_SEED'] ?? 0);

/** All three kinds of properties, and what `assert` returns for each, are those of the real one. */
const assert = ((property: fastCheck.IRawProperty<unknown>, parameters?: fastCheck.Parameters<unknown>) =>
  real.assert(property, {
    ...parameters,
    numRuns: (parameters?.numRuns ?? 100) * factor,
    seed: (parameters?.seed ?? 0) + seed,
  })) as typeof fastCheck.assert;

const deep: typeof fastCheck = { ...real, assert };
export default deep;
