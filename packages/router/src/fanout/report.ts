import type {
  ConsensusSession,
  EvidenceCheck,
  Finding,
  LaneView,
  Reconciled,
  SessionEffect,
} from '@atp-router/consensus';
import type { JsonObject } from '@atp-router/kernel';
import { nanosToMicros } from '@atp-router/kernel';
import type { AttemptRecord } from '@atp-router/ledger';
import { totals } from '../engine/records.ts';
import type { LaneDesk } from './lane-desk.ts';
import type { LaneRun } from './lane-run.ts';
import { type Fanout, isMember } from './types.ts';

/** Of a result that may still be revised: for those who read a stream. */
export function provisionalField({
  result,
  revision,
  expiry_ms,
}: Extract<SessionEffect, { type: 'provisional' }>): JsonObject {
  return {
    text: result.text,
    revision,
    expiry_ms,
    agreement: rounded(result.agreement),
    confidence: rounded(result.confidence),
  };
}

/** Who was asked, as far as a report says it. */
type Desk = Pick<LaneDesk, 'lanes' | 'all' | 'embeds'>;

/** How several answers became one, beside the answer. `check` holds what a finding cites against the documents of the task. */
export function consensusField(
  session: ConsensusSession,
  result: Reconciled,
  desk: Desk,
  { policy, plan }: Fanout,
  check: (finding: Finding) => EvidenceCheck,
): JsonObject {
  const lanes = session.lanes();
  const answered = lanes.filter(({ member, phase }) => phase.kind === 'finalized' && !member.is_challenger).length;
  const { started_ms, first_piece_ms, first_final_ms, reconciling_ms, ended_ms } = session.timeline;
  const since = (ms: number | undefined): number | null => (ms === undefined ? null : rounded(ms - started_ms));
  return {
    policy,
    mode: plan.mode,
    strategy: session.strategy,
    agreement: rounded(result.agreement),
    confidence: rounded(result.confidence),
    uncertainties: [...result.uncertainties],
    why: [...result.why],
    lanes: lanes.map((lane) => laneField(lane, desk.lanes.get(lane.lane), result)),
    asked_further: furtherFields(desk),
    escalated: session.escalated ?? null,
    revisions: session.revisions,
    timing_ms: {
      first_piece: since(first_piece_ms),
      first_final: since(first_final_ms),
      reconcile: since(reconciling_ms),
      complete: since(ended_ms),
    },
    ...(result.findings === undefined
      ? {}
      : { findings: result.findings.map((one) => findingField(one, answered, check(one))) }),
  };
}

/** A finding, the part of the lanes that gave it, and what became of its citations: those of its place first. */
function findingField(finding: Finding, answered: number, { citations, score }: EvidenceCheck): JsonObject {
  const lanes = new Set(finding.provenance.map(({ lane }) => lane)).size;
  const field = {
    ...finding,
    agreement: answered === 0 ? null : rounded(Math.min(1, lanes / answered)),
    checked: {
      score: score === undefined ? null : rounded(score),
      citations: citations.map(({ citation: { file, span }, verdict }) => ({ file, span, verdict })),
    },
  };
  return JSON.parse(JSON.stringify(field)) as JsonObject;
}

function laneField({ lane, member, phase }: LaneView, run: LaneRun | undefined, { shares }: Reconciled): JsonObject {
  return {
    lane,
    source: member.source,
    clone: member.clone,
    model: run?.work.voice.targets[0]?.model.id ?? null,
    state: phase.kind,
    ...('error' in phase ? { error: phase.error.code } : {}),
    ...('reason' in phase ? { reason: phase.reason } : {}),
    share: rounded(shares.find((one) => one.lane === lane)?.share ?? 0),
    ...spent(run?.records ?? []),
  };
}

/** Who was asked beside the lanes, in the order in which they were: judge, arbiter and the like, and the maker of embeddings. */
function furtherFields({ all, embeds }: Desk): JsonObject[] {
  const further = all.filter(({ work }) => !isMember(work.ref.role));
  return [
    ...further.map((run) => {
      const { role, source } = run.work.ref;
      return { role, source, model: run.work.voice.targets[0]?.model.id ?? null, ...spent(run.records) };
    }),
    ...[...embeds].flatMap(([lane, records]) => {
      const [first] = records;
      return first === undefined ? [] : [{ role: 'embed', source: first.model, lane, ...spent(records) }];
    }),
  ];
}

function spent(records: readonly AttemptRecord[]): { tokens: number; cost_usd_micros: number } {
  const { usage, cost_usd_nanos } = totals(records);
  return { tokens: usage.in_tokens + usage.out_tokens, cost_usd_micros: nanosToMicros(cost_usd_nanos) };
}

/** Three digits are as many as mean something. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** Of the attempt of a lane that answered. */
export function outTokensOf(run: Pick<LaneRun, 'records'> | undefined): number {
  return run?.records.findLast(({ outcome }) => outcome === 'ok')?.usage.out_tokens ?? 0;
}

/** Whose answer a result is. */
export function sourceOf({ lane }: Reconciled, { lanes }: Pick<Desk, 'lanes'>): string | undefined {
  return lane === undefined ? undefined : lanes.get(lane)?.work.ref.source;
}
