import type { Fault } from './check.ts';
import type { TunerConfig } from './types-flow.ts';

/** Reads a file that the configuration names, or says why not. */
type ReadProof = (path: string) => { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** Recorded loads that a start would not find. Whether the learned tuner may run with them is left to the start: it replays them. */
export function tryProofs(tuners: readonly TunerConfig[], read: ReadProof): Fault[] {
  return tuners.flatMap(({ proof }, i) => {
    const found = proof === undefined ? undefined : read(proof);
    if (found?.ok !== false) return [];
    return {
      path: ['flow', 'tuners', i, 'proof'],
      message: `the file of "proof" cannot be read: ${found.reason}`,
      expected: 'a recorded load, made by `atp tune record`; a relative path starts at the folder of this file',
      secret: false,
    };
  });
}
