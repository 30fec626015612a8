import type { EngineParts } from '../../../src/engine/parts.ts';

/** Calls of these histories ask one at a time. */
export const NO_FANOUTS: EngineParts['reconciler'] = {
  open: noFanouts,
  again: noFanouts,
  checker: noFanouts,
  lesson: noFanouts,
  select: noFanouts,
};

function noFanouts(): never {
  throw new Error('a history has no fan-outs');
}
