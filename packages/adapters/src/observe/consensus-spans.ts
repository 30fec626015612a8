import { type Attributes, type Context, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { nanosToMicros } from '@atp-router/kernel';
import type { AttemptRecord, ConsensusEnded, ConsensusFollowUp, ConsensusLane } from '@atp-router/ledger';
import { hrTime } from './hr-time.ts';

/** Where spans of attempts belong: below their lane's. */
export interface SessionSpans {
  of(attempt: AttemptRecord): Context | undefined;
}

/** How many `sessionSpans` makes. */
export function countSpans(session: ConsensusEnded): number {
  return 3 + session.lanes.filter(isBegun).length + session.follow_ups.length;
}

/**
 * Spans of a session below its call's: a workflow with its parts (dispatch, lanes, reconcile), and each agent that was asked as
 * an invocation. Names and attributes are those of the GenAI conventions for agents (status "development" in 1.41, see
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/); what they have no name for is under `atp.`.
 */
export function sessionSpans(tracer: Tracer, session: ConsensusEnded, below: Context): SessionSpans {
  const { started_ms, timing } = session;
  const make = (
    name: string,
    from_ms: number,
    to_ms: number,
    attributes: Attributes,
    parent: Context,
    error?: string,
  ) => {
    const begin = { kind: SpanKind.INTERNAL, startTime: hrTime(started_ms + from_ms), attributes };
    const span = tracer.startSpan(name, begin, parent);
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    span.end(hrTime(started_ms + Math.max(from_ms, to_ms)));
    return trace.setSpan(parent, span);
  };
  const workflow = `invoke_workflow ${session.policy}`;
  const whole = make(workflow, 0, timing.complete_ms, sessionAttributes(session), below, session.error);
  const reconcile_ms = timing.dispatch_ms + timing.stream_ms;
  make('consensus.dispatch', 0, timing.dispatch_ms, {}, whole);
  const reconcile = make('consensus.reconcile', reconcile_ms, timing.complete_ms, reconcileAttributes(session), whole);
  /** By the number in records of attempts. */
  const asked = new Map<number, Context>();
  for (const lane of session.lanes.filter(isBegun)) {
    const { source, admitted_ms = 0, ended_ms = timing.complete_ms, error } = lane;
    asked.set(lane.lane, make(`invoke_agent ${source}`, admitted_ms, ended_ms, laneAttributes(lane), whole, error));
  }
  for (const one of session.follow_ups) {
    const parent = one.role === 'filter' ? whole : reconcile;
    const { source, lane, asked_ms, ended_ms = timing.complete_ms } = one;
    const context = make(`invoke_agent ${source}`, asked_ms, ended_ms, followUpAttributes(one), parent);
    if (lane !== undefined) asked.set(lane, context);
  }
  return { of: ({ lane }) => (lane === undefined ? undefined : asked.get(lane)) };
}

function isBegun({ admitted_ms, ended_ms }: ConsensusLane): boolean {
  return admitted_ms !== undefined || ended_ms !== undefined;
}

function sessionAttributes(session: ConsensusEnded): Attributes {
  return {
    'gen_ai.operation.name': 'invoke_workflow',
    'gen_ai.workflow.name': session.policy,
    'atp.consensus.strategy': session.strategy,
    'atp.consensus.mode': session.mode,
    'atp.consensus.lanes': session.lanes.length,
    'atp.consensus.revisions': session.revisions,
    'atp.outcome': session.outcome,
    'atp.cost_usd_micros': nanosToMicros(session.cost_usd_nanos),
    ...(session.escalation !== undefined && { 'atp.consensus.escalation': session.escalation }),
    ...(session.error !== undefined && { 'error.type': session.error }),
  };
}

function reconcileAttributes({ agreement, confidence, chosen_lane, challenger, arbiter }: ConsensusEnded): Attributes {
  return {
    ...(agreement !== undefined && { 'atp.consensus.agreement': agreement }),
    ...(confidence !== undefined && { 'atp.consensus.confidence': confidence.calibrated }),
    ...(chosen_lane !== undefined && { 'atp.consensus.chosen_lane': chosen_lane }),
    ...(challenger !== undefined && { 'atp.consensus.challenger': challenger }),
    'atp.consensus.arbiter_used': arbiter.used,
  };
}

function laneAttributes(lane: ConsensusLane): Attributes {
  return {
    ...invocation(lane),
    'atp.consensus.lane': lane.lane,
    'atp.consensus.state': lane.state,
    'atp.consensus.share': lane.share,
    ...(lane.model !== undefined && { 'gen_ai.request.model': lane.model }),
    ...(lane.reason !== undefined && { 'atp.consensus.reason': lane.reason }),
    ...(lane.error !== undefined && { 'error.type': lane.error }),
  };
}

function followUpAttributes(one: ConsensusFollowUp): Attributes {
  return { ...invocation(one), 'atp.consensus.answered': one.answered };
}

function invocation({ source, role, cost_usd_nanos }: ConsensusLane | ConsensusFollowUp): Attributes {
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': source,
    'atp.consensus.role': role,
    'atp.cost_usd_micros': nanosToMicros(cost_usd_nanos),
  };
}
