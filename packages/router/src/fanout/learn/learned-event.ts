import type { FanoutPlan, LaneAnswer, LaneView, Reconciled, StrategyKind, View } from '@atp-router/consensus';
import type { ErrorCode } from '@atp-router/kernel';
import type { ConsensusLearned, LearnedLane } from '@atp-router/ledger';
import type { OverSession, SessionTools } from '../reconciler.ts';
import { formText } from './answer-form.ts';
import { EXPERT } from './lessons.ts';

/** Errors that are the source's own: it was asked, and failed or took too long. */
const ITS_OWN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['upstream_error', 'upstream_timeout', 'stream_truncated'] as const),
  ...(['deadline_exceeded', 'no_models_available'] as const),
]);

/** Strategies that need nobody else and only count: what they would have said costs nothing. */
const FREE: readonly StrategyKind[] = ['majority', 'first_win'];
const ANSWERS_MIN = 2;

/** What a session teaches, without its words but for sealed hashes. `seal` is given the answers that are different, in order. */
export function learnedEvent(
  { head, policy, plan, documents, session }: OverSession,
  tools: SessionTools,
  now_ms: number,
  seal: (keys: readonly string[]) => string,
): ConsensusLearned {
  const lanes = session.lanes();
  const keys = keysOf(lanes);
  const { phase } = session;
  const result = phase.kind === 'complete' ? phase.result : undefined;
  // Answers that stand side by side in one text are not one answer, unless an arbiter has made one of them.
  const choiceOf = (of: Reconciled): number =>
    of.lane === undefined && session.strategy !== 'arbiter' ? -1 : choiceIn(of, lanes, keys, tools);
  return {
    type: 'consensus.learned',
    ...{ call_id: head.call_id, tenant: head.tenant, policy },
    ...(head.task_type !== undefined && { cluster: head.task_type }),
    // What somebody else said is no success of the strategy that was not sure enough, nor a failure.
    strategy: result?.is_expert === true ? EXPERT : session.strategy,
    confidence: result === undefined ? 0 : unit(result.confidence),
    answer: formText(plan.strategy.answer),
    result: result === undefined ? -1 : choiceOf(result),
    lanes: lanes.map((lane) => laneOf(lane, plan, keys, result, tools)),
    is_free: isFree(plan, lanes),
    others: othersOf({ plan, documents, session }, tools, choiceOf),
    at_ms: now_ms,
    sealed: seal([...keys.keys()]),
  };
}

function keysOf(lanes: readonly LaneView[]): ReadonlyMap<string, number> {
  const keys = new Map<string, number>();
  for (const { answer } of lanes) {
    if (answer !== undefined && answer.key !== '' && !keys.has(answer.key)) keys.set(answer.key, keys.size);
  }
  return keys;
}

function choiceIn(
  { lane, text }: Reconciled,
  lanes: readonly LaneView[],
  keys: ReadonlyMap<string, number>,
  { read }: SessionTools,
): number {
  const key = lane === undefined ? read(text, { lane: 0, source: '' }).key : lanes[lane]?.answer?.key;
  return keys.get(key ?? '') ?? -1;
}

function laneOf(
  view: LaneView,
  plan: FanoutPlan,
  keys: ReadonlyMap<string, number>,
  result: Reconciled | undefined,
  { citations }: SessionTools,
): LearnedLane {
  const { lane, member, answer } = view;
  const in_time = inTime(view);
  const evidence = answer && citations(answer);
  return {
    ...{ lane, source: member.source, choice: keys.get(answer?.key ?? '') ?? -1 },
    ...(in_time !== undefined && { in_time }),
    is_partial: answer?.is_partial ?? false,
    is_late: lane >= plan.members.length,
    share: unit(result?.shares.find((one) => one.lane === lane)?.share ?? 0),
    ...(evidence !== undefined && { evidence: unit(evidence) }),
  };
}

function inTime({ phase, answer }: LaneView): boolean | undefined {
  switch (phase.kind) {
    case 'finalized':
      // Cut short by what it may cost, which is no fault of its own.
      return answer?.is_partial === true ? undefined : true;
    case 'failed':
    case 'rejected':
      return ITS_OWN.has(phase.error.code) ? false : undefined;
    case 'cancelled':
      return phase.reason === 'deadline' && phase.never_began !== true ? false : undefined;
    default:
      return undefined;
  }
}

/** Nobody was left out, or stopped, because of what others had said. */
function isFree({ members, width, reserve }: FanoutPlan, lanes: readonly LaneView[]): boolean {
  if (reserve !== undefined) return false;
  if (width !== undefined && width < members.length) return false;
  return lanes
    .slice(0, members.length)
    .every(({ phase }) => phase.kind !== 'init' && (phase.kind !== 'cancelled' || phase.reason === 'deadline'));
}

function othersOf(
  { plan, documents, session }: Pick<OverSession, 'plan' | 'documents' | 'session'>,
  tools: SessionTools,
  choiceOf: (result: Reconciled) => number,
): ConsensusLearned['others'] {
  const answers = session
    .lanes()
    .flatMap(({ answer, member, lane }): LaneAnswer[] =>
      answer !== undefined && !member.is_challenger && lane < plan.members.length ? [answer] : [],
    );
  if (answers.filter(({ is_partial }) => !is_partial).length < ANSWERS_MIN) return [];
  const among = plan.strategy.kind === 'adaptive' ? plan.strategy.among : FREE;
  const { standing } = tools;
  const { arrival } = session;
  const open: View = { plan, standing, documents, answers, arrival, ...NOTHING_OPEN };
  return among
    .filter((kind) => kind !== session.strategy)
    .flatMap((kind) => {
      const verdict = tools.strategy(kind).decide(open);
      return verdict.kind === 'done' ? [{ kind, choice: choiceOf(verdict.result) }] : [];
    });
}

const NOTHING_OPEN = { open: [], follow_ups: [], settled: '', is_last: true } as const;

/** Four digits are as many as mean something. */
function unit(value: number): number {
  return Number.isNaN(value) ? 0 : Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;
}
