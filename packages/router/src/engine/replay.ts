import type { StoredOutcome } from './outcome-store.ts';
import type { CallRequest } from './request.ts';

/** Answers a repeated request with what the first one got. */
export function replay(request: CallRequest, call_id: string, outcome: StoredOutcome): void {
  const meta = {
    call_id,
    tenant: request.tenant,
    model: outcome.model,
    cost_usd_micros: outcome.cost_usd_micros,
    attempts: outcome.attempts,
    simulated: outcome.simulated,
    replayed: true,
  };
  if (!outcome.stream) {
    request.sink.answer(meta, outcome.body);
    return;
  }
  request.sink.begin(meta);
  request.sink.end([outcome.body]);
}
