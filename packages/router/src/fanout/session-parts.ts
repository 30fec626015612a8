import type { Document, FanoutPlan, SessionParts } from '@atp-router/consensus';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';

/** What the session of a call works with. It ends when its client has no more use for it, too. */
export function sessionParts(
  call: AdmittedCall,
  plan: FanoutPlan,
  { ambient, reconciler }: EngineEnv,
  documents: readonly Document[],
): SessionParts {
  const age_ms = ambient.clock.mono_ms() - call.started_mono_ms;
  const most_ms = Math.min(
    plan.deadline_ms ?? Infinity,
    (call.deadline_ms ?? Infinity) - age_ms,
    call.limits.stream_duration_ms,
  );
  return {
    plan: { ...plan, deadline_ms: Math.max(0, most_ms) },
    strategy: reconciler.strategy(plan.strategy.kind),
    arbiter: plan.arbiter === undefined ? undefined : reconciler.strategy('arbiter'),
    standing: reconciler.standing(call.head, plan),
    documents,
    read: reconciler.read(plan),
    citations: (text, known) => reconciler.citations(text, known),
  };
}
