import type { AttemptRecord, CallOutcome, RouteDecided } from '@atp-router/ledger';
import type { RouteAnswer } from '@atp-router/routing';
import type { CallBooks } from '../engine/call-books.ts';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';

/** What came of a call that asked one at a time: each model once, as its last attempt ended. */
export function cameOf(records: readonly AttemptRecord[]): readonly RouteAnswer[] {
  const last = new Map(records.map((record) => [record.model, record]));
  return [...last.values()].flatMap(({ model, outcome, usage }): RouteAnswer[] => {
    if (outcome === 'ok') return [{ kind: 'answer', model, out_tokens: usage.out_tokens, choice: undefined }];
    return outcome === 'error' ? [{ kind: 'failed', model }] : [];
  });
}

/** The record of a call that `auto` chose for, behind its end; none of others. `came`: with whom was asked and not a candidate. */
export function chosenEvents(
  { choice, head }: AdmittedCall,
  books: Pick<CallBooks, 'cost_usd_nanos' | 'footprint'>,
  { ambient }: Pick<EngineEnv, 'ambient'>,
  { outcome, came, taken }: { outcome: CallOutcome; came: readonly RouteAnswer[]; taken: string | undefined },
): readonly RouteDecided[] {
  if (choice === undefined || outcome === 'interrupted') return [];
  const of_candidates = came.filter(({ model }) => choice.has(model));
  const chosen = taken !== undefined && choice.has(taken) ? taken : undefined;
  const { cost_usd_nanos, footprint } = books;
  const at_ms = ambient.clock.now_ms();
  return [choice.decided(head, { outcome, came: of_candidates, taken: chosen, cost_usd_nanos, footprint, at_ms })];
}
