import { compare, heatmapOf, type LaneView, type Reconciled, type SessionParts } from '@atp-router/consensus';
import { addUsdNanos, clip } from '@atp-router/kernel';
import type { ConsensusEnded, ConsensusFollowUp, ConsensusLane, HeatmapSummary } from '@atp-router/ledger';
import { round, totals } from '../../engine/records.ts';
import type { LaneRun } from '../lane-run.ts';
import type { OverSession } from './keep.ts';
import { isMember } from '../types.ts';
import { unquoted } from './words.ts';

export interface EndedParts extends OverSession {
  readonly head: Pick<ConsensusEnded, 'call_id' | 'tenant' | 'policy' | 'started_ms'>;
  readonly outcome: ConsensusEnded['outcome'];
  readonly error: string | undefined;
  readonly now_ms: number;
  /** Start of the session after that of its call. */
  readonly offset_ms: number;
  readonly sealed: string;
}

/** The record of a session, with nothing in clear that anybody asked or said. */
export function endedEvent(of: EndedParts): ConsensusEnded {
  const { session, log, parts, result, error } = of;
  const lanes = session.lanes();
  const rows = lanes.map((lane) => laneOf(lane, of));
  const follow_ups = [...besides(of), ...followUps(of), ...embeds(of)];
  const spent = [...rows, ...follow_ups];
  const asked = follow_ups.filter(({ role }) => role === 'arbiter');
  const escalation = session.escalated;
  const challenger = result && challengerOf(lanes, result, parts);
  const heatmap = heatOf(lanes);
  return {
    type: 'consensus.ended',
    ...of.head,
    ...{ strategy: session.strategy, mode: parts.plan.mode, outcome: of.outcome },
    ...(error !== undefined && { error }),
    lanes: rows,
    follow_ups,
    ...(result && resultFields(result, of)),
    ...(escalation !== undefined && { escalation }),
    arbiter: {
      used: asked.some(({ id }) => of.desk.asked.has(id)),
      refused_by_cap: asked.some(({ id }) => log.asked.get(id)?.refused_code === 'budget_exhausted'),
    },
    ...(challenger !== undefined && { challenger }),
    ...{ provisional: log.provisional, revisions: session.revisions },
    timing: timingOf(of),
    // Why the fan-out came to nothing, where the chain was asked instead, may be in a provider's words.
    decision: unquoted((result?.why ?? []).filter((line) => line !== log.failure)),
    uncertainties: unquoted(result?.uncertainties ?? []),
    ...(heatmap !== undefined && { heatmap }),
    documents: parts.documents.length,
    tokens: spent.reduce((sum, { tokens }) => sum + tokens, 0),
    cost_usd_nanos: spent.reduce((sum, { cost_usd_nanos }) => addUsdNanos(sum, cost_usd_nanos), 0),
    sealed: of.sealed,
  };
}

function resultFields(result: Reconciled, { session, parts }: EndedParts): Partial<ConsensusEnded> {
  const { agreement, confidence: raw, lane, findings } = result;
  return {
    agreement: share(agreement),
    confidence: { raw: share(raw), calibrated: share(parts.standing.calibrated(session.strategy, raw)) },
    ...(lane !== undefined && { chosen_lane: lane }),
    ...(findings !== undefined && { findings: findings.length }),
  };
}

function laneOf({ lane, member, phase, waits, text }: LaneView, of: EndedParts): ConsensusLane {
  const run = of.desk.lanes.get(lane);
  const model = modelOf(run);
  return {
    lane,
    role: lane >= of.parts.plan.members.length ? 'escalation' : member.is_challenger ? 'challenger' : 'member',
    ...{ source: member.source, clone: member.clone },
    ...(model !== undefined && { model }),
    state: phase.kind,
    ...('error' in phase && { error: phase.error.code }),
    ...('reason' in phase && { reason: phase.reason }),
    share: share(of.result?.shares.find((one) => one.lane === lane)?.share ?? 0),
    attempts: run?.records.length ?? 0,
    ...of.log.lanes.get(lane),
    ...{ waits, answer_chars: text.length, ...spentOf(run) },
  };
}

function followUps({ session, desk, log }: EndedParts): ConsensusFollowUp[] {
  const answers = new Map(session.follow_ups().map((one) => [one.id, one]));
  return [...log.asked.values()].map(({ ask: { id, role, source }, asked_ms, ended_ms, source: by }) => {
    const run = desk.asked.get(id);
    return {
      ...(run !== undefined && { lane: run.work.ref.lane }),
      ...{ id, role, source: run?.work.ref.source ?? by ?? source ?? role },
      ...{ answered: answers.get(id)?.text !== undefined, asked_ms },
      ...(ended_ms !== undefined && { ended_ms }),
      ...spentOf(run),
    };
  });
}

/** Who was asked before the members, and who after them. */
function besides({ desk, offset_ms }: EndedParts): ConsensusFollowUp[] {
  return desk.all.flatMap((run) => {
    const { lane, role, source } = run.work.ref;
    if (isMember(role) || (role !== 'filter' && role !== 'fallback')) return [];
    const [first] = run.records;
    const last = run.records.at(-1);
    const since = (ms: number): number => round(Math.max(0, ms - offset_ms));
    return {
      ...{ id: role, lane, role, source, answered: last?.outcome === 'ok', asked_ms: since(first?.offset_ms ?? 0) },
      ...(last?.offset_ms !== undefined && { ended_ms: since(last.offset_ms + last.latency_ms) }),
      ...spentOf(run),
    };
  });
}

/** Who embedded the answers, one for each lane: all its requests together. */
function embeds({ desk, offset_ms }: EndedParts): ConsensusFollowUp[] {
  return [...desk.embeds].flatMap(([lane, records]): ConsensusFollowUp[] => {
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return [];
    const since = (ms: number): number => round(Math.max(0, ms - offset_ms));
    return [
      {
        ...{ id: `embed_${lane}`, lane, role: 'embed', source: last.model },
        answered: records.every(({ outcome }) => outcome === 'ok'),
        asked_ms: since(first.offset_ms ?? 0),
        ...(last.offset_ms !== undefined && { ended_ms: since(last.offset_ms + last.latency_ms) }),
        ...spentOf({ records }),
      },
    ];
  });
}

/** Of the attempt that answered or failed last, else of the target that would have been asked. */
function modelOf(run: LaneRun | undefined): string | undefined {
  return run?.records.at(-1)?.model ?? run?.work.voice.targets[0]?.model.id;
}

function spentOf(run: Pick<LaneRun, 'records'> | undefined): { tokens: number; cost_usd_nanos: number } {
  const { usage, cost_usd_nanos } = totals(run?.records ?? []);
  return { tokens: usage.in_tokens + usage.out_tokens, cost_usd_nanos };
}

/** One that did not come so far spent all of its time on what it was at. */
function timingOf({ session, log, now_ms }: EndedParts): ConsensusEnded['timing'] {
  const { started_ms, reconciling_ms, ended_ms = now_ms } = session.timeline;
  const complete_ms = ended_ms - started_ms;
  const within = (ms: number): number => Math.min(complete_ms, Math.max(0, ms));
  const admitted = [...log.lanes.values()].flatMap((lane) => lane.admitted_ms ?? []);
  const dispatched_ms = within(admitted.length === 0 ? complete_ms : Math.min(...admitted));
  const streamed_ms = Math.max(dispatched_ms, within((reconciling_ms ?? ended_ms) - started_ms));
  return {
    dispatch_ms: round(dispatched_ms),
    stream_ms: round(streamed_ms - dispatched_ms),
    reconcile_ms: round(complete_ms - streamed_ms),
    complete_ms: round(complete_ms),
  };
}

/** A tie where a challenger says what the result says; a win where all together would have said what it says. */
function challengerOf(lanes: readonly LaneView[], result: Reconciled, { plan, standing, read }: SessionParts) {
  const answers = lanes.flatMap(({ answer }) => answer ?? []);
  const challengers = answers.filter(({ lane }) => plan.members[lane]?.is_challenger === true);
  if (challengers.length === 0) return undefined;
  const { key } = read(result.text, { lane: result.lane ?? -1, source: '' });
  if (challengers.some((one) => one.key === key && (key !== '' || one.text === result.text))) return 'tie';
  const view = { plan, standing, answers, ...NOTHING_OPEN };
  const winner = compare(view)?.would_win;
  return challengers.some(({ lane }) => lane === winner) ? 'win' : 'loss';
}

const NOTHING_OPEN = { documents: [], arrival: [], open: [], follow_ups: [], settled: '', is_last: true } as const;

/** Compared for the record: more would keep the last byte of the answer waiting. */
const HEAT_LANES = 8;
const HEAT_CHARS = 1_024;

function heatOf(lanes: readonly LaneView[]): HeatmapSummary | undefined {
  const answers = lanes.flatMap(({ answer }) => answer ?? []).slice(0, HEAT_LANES);
  if (answers.length < 2) return undefined;
  const heat = heatmapOf(answers.map(({ lane, text }) => ({ lane, text: clip(text, HEAT_CHARS) })));
  const compared = heat.lanes.flatMap((one) =>
    one.share === undefined ? [] : { lane: one.lane, shared: share(one.share) },
  );
  if (compared.length === 0) return undefined;
  const sum = compared.reduce((total, { shared }) => total + shared, 0);
  return { shared: share(sum / compared.length), lanes: compared };
}

/** Three digits are as many as mean something. */
function share(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
