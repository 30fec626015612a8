import { nanosToMicros } from '@atp-router/kernel';
import type {
  BreakerChanged,
  CallCached,
  CallEnded,
  CallReplayed,
  ConsensusEnded,
  FeedbackGiven,
  KillSet,
  ModelCustody,
  ModelMoved,
  NodeStarted,
  RouteDrifted,
  RouteFeedback,
  RouterEvent,
  SessionClosed,
  SessionDenied,
  SessionOpened,
  StageAborted,
} from '@atp-router/ledger';

export type LineLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Flat, so that every log store can index it. Undefined fields are left out. */
export type LineFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LogLine {
  readonly level: LineLevel;
  readonly message: string;
  readonly fields: LineFields;
}

/** Clients invent model names; a line is no place for a long one. */
const NAME_CHARS_MAX = 128;

/**
 * What an event is in the log; undefined for events that only the journal and the live stream carry. Made from chosen
 * fields, so that neither a body nor a secret can get in. Calls that went well are `debug`: their record is the journal.
 */
export function lineOf(event: RouterEvent): LogLine | undefined {
  switch (event.type) {
    case 'call.ended':
      return callLine(event);
    case 'call.refused': {
      const { tenant, key_id, endpoint, error } = event;
      return line('debug', 'call refused', { tenant, key_id, endpoint, error });
    }
    case 'call.cached':
    case 'call.replayed':
      return beforeLine(event);
    case 'stage.aborted':
      return stageLine(event);
    case 'attempt.ended': {
      const { n, kind, provider, model, outcome, error, upstream_status, latency_ms } = event.attempt;
      const attempt = { attempt: n, kind, provider, model, outcome, error, upstream_status, latency_ms };
      return line('debug', 'attempt ended', { call_id: event.call_id, ...attempt });
    }
    case 'breaker.changed':
      return breakerLine(event);
    case 'config.applied':
      return line('info', 'configuration applied', {
        generation: event.generation,
        hash: event.hash,
        source: event.source,
      });
    case 'config.rejected':
      return line('warn', 'configuration rejected', { problems: event.problems, first: event.first });
    case 'limits.changed':
      return line('info', 'limits changed', { tenant: event.tenant, ...changesOf(event.before, event.after) });
    case 'kill.set':
      return killLine(event);
    case 'entity.put':
      return line('info', `${event.kind} changed`, { id: event.id, by: event.by });
    case 'entity.deleted':
      return line('info', `${event.kind} deleted`, { id: event.id, by: event.by });
    case 'node.started':
      return startLine(event);
    case 'node.stopped':
      return line('info', 'stopped', { reason: event.reason });
    case 'session.opened':
      return line('debug', 'session opened', ownerOf(event));
    case 'session.closed':
      return line('debug', 'session closed', { ...ownerOf(event), error: event.error });
    case 'session.denied': {
      const { error, reason, skew_ms, remote_address, suppressed } = event;
      return line('warn', 'session denied', { ...ownerOf(event), error, reason, skew_ms, remote_address, suppressed });
    }
    case 'feedback.given':
    case 'route.feedback':
    case 'route.drifted':
      return learnedLine(event);
    case 'consensus.ended':
      return consensusLine(event);
    case 'model.moved':
    case 'model.custody':
      return modelLine(event);
    case 'shadow.compared':
    case 'consensus.learned':
    case 'route.decided':
    case 'call.opened':
    case 'attempt.started':
    case 'attempt.progress':
    case 'idempotency.stored':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** A call that was answered with what had been said before. */
function beforeLine(event: CallCached | CallReplayed): LogLine {
  const { call_id, tenant, key_id, endpoint } = event;
  const of = { call_id, tenant, key_id, endpoint };
  if (event.type === 'call.replayed') return line('debug', 'outcome replayed', of);
  return line('debug', 'answered from the cache', { ...of, model: event.model, similarity: event.similarity });
}

function stageLine({ call_id, tenant, stage, error }: StageAborted): LogLine {
  return line('info', 'stopped by a stage', { call_id, tenant, stage, error });
}

function modelLine(event: ModelMoved | ModelCustody): LogLine {
  const { model, by } = event;
  if (event.type === 'model.custody') {
    const { step, manifest_hash } = event;
    return line('info', 'model custody', { model, step, manifest_hash, by });
  }
  const { from, to, cause, note } = event;
  return line('info', 'model moved', { model, from, to, cause, by, note: note.slice(0, NAME_CHARS_MAX) });
}

function learnedLine(event: FeedbackGiven | RouteFeedback | RouteDrifted): LogLine {
  if (event.type === 'route.drifted') {
    const { call_id: by, model, direction, shift, results } = event;
    return line('warn', 'model has changed', { tenant: event.tenant, model, direction, shift, results, call_id: by });
  }
  const { call_id, tenant, key_id } = event;
  const of_call = { call_id, tenant, key_id };
  if (event.type === 'route.feedback' && event.by !== undefined)
    return line('debug', 'answer checked', { call_id, tenant, by: event.by, score: event.right });
  if (event.type === 'route.feedback') return line('debug', 'feedback given', { ...of_call, score: event.right });
  return line('debug', 'feedback given', { ...of_call, policy: event.policy, score: event.score });
}

function ownerOf({ tenant, key_id, session_id }: SessionOpened | SessionClosed | SessionDenied): LineFields {
  return { tenant, key_id, session_id: session_id.slice(0, NAME_CHARS_MAX) };
}

function line(level: LineLevel, message: string, fields: LineFields): LogLine {
  return { level, message, fields };
}

export function callLevel({ outcome }: CallEnded): LineLevel {
  return outcome === 'ok' || outcome === 'cancelled' ? 'debug' : 'info';
}

function callLine(event: CallEnded): LogLine {
  const { call_id, tenant, key_id, endpoint, outcome, error, status, usage, latency_ms, ttfb_ms, trace_id } = event;
  const last = event.attempts.at(-1);
  return line(callLevel(event), 'call ended', {
    ...{ call_id, tenant, key_id, endpoint, requested_model: event.requested_model.slice(0, NAME_CHARS_MAX) },
    ...{ model: last?.model, provider: last?.provider, policy: event.policy, agent: event.agent, qos: event.qos },
    ...{ outcome, error, status, attempts: event.attempts.length, stream: event.stream },
    ...{ in_tokens: usage.in_tokens, out_tokens: usage.out_tokens },
    ...{ cost_usd_micros: nanosToMicros(event.cost_usd_nanos), latency_ms, ttfb_ms, trace_id },
  });
}

function consensusLine(event: ConsensusEnded): LogLine {
  const { call_id, tenant, policy, strategy, mode, outcome, error, agreement, escalation, lanes, revisions } = event;
  return line('debug', 'consensus ended', {
    ...{ call_id, tenant, policy, strategy, mode, outcome, error, escalation, revisions },
    ...{ lanes: lanes.length, finalized: lanes.filter(({ state }) => state === 'finalized').length },
    ...{ agreement, confidence: event.confidence?.calibrated, latency_ms: event.timing.complete_ms },
  });
}

function breakerLine({ provider, model, from, to, reason }: BreakerChanged): LogLine {
  return line(to === 'open' ? 'warn' : 'info', `circuit breaker ${to}`, { provider, model, from, reason });
}

function killLine({ scope, id, on, reason, by, stopped_calls }: KillSet): LogLine {
  return line(on ? 'warn' : 'info', `kill switch ${on ? 'on' : 'off'}`, { scope, id, reason, by, stopped_calls });
}

function startLine({ version, recovered_calls }: NodeStarted): LogLine {
  return line(recovered_calls > 0 ? 'warn' : 'info', 'started', { version, recovered_calls });
}

type Limits = Readonly<Record<string, number | null>>;

/** Only what differs, as `name: before -> after`. */
function changesOf(before: Limits, after: Limits): LineFields {
  const names = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name]);
  return Object.fromEntries(names.map((name) => [name, `${shown(before[name])} -> ${shown(after[name])}`]));
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? 'none' : String(value);
}
