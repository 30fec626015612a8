import { type Stage, type StageCall, StageChain } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import type { EventLog } from '../engine/ports.ts';

/** The stages of a call, with an event when one of them ends it. */
export function observedStages(
  stages: readonly Stage<GenRequest, GenEvent>[],
  call: StageCall,
  hold_back_bytes: number,
  log: EventLog,
): StageChain<GenRequest, GenEvent> {
  const { call_id, tenant } = call;
  // Two attempts of a race may both be refused, and still it is one call that is ended.
  let told = false;
  return new StageChain({
    stages,
    call,
    size: eventBytes,
    hold_back_bytes,
    onAbort: (stage, error) => {
      if (told) return;
      told = true;
      log.append({ type: 'stage.aborted', call_id, tenant, stage, error: error.code });
    },
  });
}

/** About what an event holds in memory: its text, or a small constant. */
function eventBytes(event: GenEvent): number {
  return 'delta' in event ? event.delta.length : 64;
}
