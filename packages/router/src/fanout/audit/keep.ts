import type { ConsensusSession, Reconciled, SessionParts } from '@atp-router/consensus';
import type { LaneDesk } from '../lane-desk.ts';
import { KeptRoom, type KeptResult, type KeptSession, withoutPrompts } from './kept-session.ts';
import type { SessionLog } from './session-log.ts';
import type { NotedStanding } from './standing.ts';

/** A session that is over, and what was seen of it. */
export interface OverSession {
  readonly session: ConsensusSession;
  readonly desk: LaneDesk;
  readonly log: SessionLog;
  readonly parts: SessionParts;
  readonly result: Reconciled | undefined;
  readonly task_type: string | undefined;
}

/** What is sealed of it. The result has the first right to the room, then lanes in their order. */
export function keptSession(
  { session, desk, log, parts, result, task_type }: OverSession,
  standing: NotedStanding,
): KeptSession {
  const room = new KeptRoom();
  const lanes = session.lanes();
  const kept = result === undefined ? null : resultOf(result, room);
  return {
    v: 1,
    task_type: task_type ?? null,
    fell_back: result !== undefined && session.phase.kind === 'error',
    plan: withoutPrompts(parts.plan),
    standing: standing.kept(lanes.map(({ member }) => member.source)),
    steps: log.steps,
    steps_cut: log.steps_cut,
    result: kept,
    lanes: lanes.map(({ lane, text }) => ({ lane, ...room.text(text) })),
    follow_ups: session.follow_ups().map(({ id, role, source, text }) => {
      const { chars, ...words } = text === undefined ? { text: null, chars: 0 } : room.text(text);
      return { id, role, source, text: words.text, chars };
    }),
    error: log.failure ?? null,
    embedder: desk.embedder ?? null,
  };
}

function resultOf(result: Reconciled, room: KeptRoom): KeptResult {
  const { text, lane, findings, ...rest } = result;
  const words = room.text(text);
  const fitting = room.findings(findings);
  return {
    ...rest,
    ...words,
    lane: lane ?? null,
    findings: fitting,
    findings_cut: findings !== undefined && fitting === null,
  };
}
