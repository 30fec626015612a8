import type { AimdOptions } from '../window/aimd.ts';
import type { Tuner } from './tuner.ts';

/** The configured factors, whatever comes. */
export function staticTuner(configured: AimdOptions): Tuner<null> {
  const decision = { state: null, factors: configured };
  return { kind: 'static', begin: () => decision, decide: () => decision };
}
