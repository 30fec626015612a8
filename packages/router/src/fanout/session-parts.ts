import type { Document, FanoutPlan, SessionParts, Standing } from '@atp-router/consensus';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import type { SessionTools } from './reconciler.ts';

/** The parts of a session, and the tools that they are of. */
export interface OpenedSession {
  readonly parts: SessionParts;
  readonly tools: SessionTools;
  /** Of the whole call, from its arrival: what its client, its policy and the router allow. */
  readonly deadline_ms: number;
}

/** Who says what follows in a cascade. */
export type Guide = Pick<Standing, 'next' | 'ahead'>;

/** What the session of a call works with. It ends when its client has no more use for it, too. `guide`: of a cascade. */
export function openSession(
  call: AdmittedCall,
  plan: FanoutPlan,
  { ambient, reconciler }: EngineEnv,
  documents: readonly Document[],
  guide: Guide | undefined,
): OpenedSession {
  const of_client_ms = call.deadline_ms ?? Number.POSITIVE_INFINITY;
  const of_policy_ms = plan.deadline_ms ?? Number.POSITIVE_INFINITY;
  const deadline_ms = Math.min(of_policy_ms, of_client_ms, call.limits.stream_duration_ms);
  const age_ms = ambient.clock.mono_ms() - call.started_mono_ms;
  const tools = reconciler.open(call, plan, documents);
  const { standing, read, strategy, citations } = tools;
  const parts: SessionParts = {
    plan: { ...plan, deadline_ms: Math.max(0, deadline_ms - age_ms) },
    strategy: strategy(plan.strategy.kind),
    arbiter: plan.arbiter === undefined ? undefined : strategy('arbiter'),
    standing: guide === undefined ? standing : { ...standing, ...guide },
    documents,
    read,
    citations,
  };
  return { parts, tools, deadline_ms };
}
