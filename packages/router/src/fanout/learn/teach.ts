import type { ConsensusSession } from '@atp-router/consensus';
import type { AdmittedCall, EngineEnv } from '../../engine/env.ts';
import type { LaneBriefs } from '../briefs.ts';
import type { OpenedSession } from '../session-parts.ts';
import type { Fanout } from '../types.ts';

/** Has the router learn from a session that is over. Whatever comes of it, the call has ended. */
export function teach(
  { call: { head } }: { readonly call: AdmittedCall },
  { policy, plan }: Fanout,
  { documents }: Pick<LaneBriefs, 'documents'>,
  session: ConsensusSession,
  { tools }: OpenedSession,
  { faults, reconciler }: EngineEnv,
): void {
  faults.safely(() => reconciler.ended({ head, policy, plan, documents, session, tools }));
}
