import { type AtpError, toAtpError } from '@atp-router/kernel';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import { FanoutRun } from './fanout-run.ts';

/** Why it cannot be run, where its request cannot be read. */
export function fanoutRun(call: AdmittedCall, env: EngineEnv): FanoutRun | AtpError {
  try {
    return new FanoutRun(call, env);
  } catch (thrown) {
    env.faults.note(thrown);
    return toAtpError(thrown);
  }
}
