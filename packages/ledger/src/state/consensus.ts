import type { ConsensusEnded } from '../consensus-events.ts';
import type { RecordKey } from './rows.ts';

/** A session of a fan-out as tables and lists have it: all but its texts. */
export interface ConsensusRow extends RecordKey, Omit<ConsensusEnded, 'type' | 'sealed'> {
  readonly ended_ms: number;
}

/** A session with its texts, which are sealed; empty when they were not kept. */
export interface ConsensusRecord {
  readonly row: ConsensusRow;
  readonly sealed: string;
}

/** The record of the event, whatever else its line carries. */
export function consensusRecord(event: ConsensusEnded, ended_ms: number, key: RecordKey): ConsensusRecord {
  const { node_id, epoch, seq } = key;
  return { row: { node_id, epoch, seq, ended_ms, ...fieldsOf(event) }, sealed: event.sealed };
}

function fieldsOf(event: ConsensusEnded): Omit<ConsensusEnded, 'type' | 'sealed'> {
  const { agreement, confidence, chosen_lane, findings, error, escalation, challenger, heatmap } = event;
  return {
    call_id: event.call_id,
    tenant: event.tenant,
    policy: event.policy,
    strategy: event.strategy,
    mode: event.mode,
    outcome: event.outcome,
    ...(error !== undefined && { error }),
    started_ms: event.started_ms,
    lanes: event.lanes,
    follow_ups: event.follow_ups,
    ...(agreement !== undefined && { agreement }),
    ...(confidence !== undefined && { confidence }),
    ...(chosen_lane !== undefined && { chosen_lane }),
    ...(findings !== undefined && { findings }),
    ...(escalation !== undefined && { escalation }),
    arbiter: event.arbiter,
    ...(challenger !== undefined && { challenger }),
    provisional: event.provisional,
    revisions: event.revisions,
    timing: event.timing,
    decision: event.decision,
    uncertainties: event.uncertainties,
    ...(heatmap !== undefined && { heatmap }),
    documents: event.documents,
    tokens: event.tokens,
    cost_usd_nanos: event.cost_usd_nanos,
  };
}
