import { assert } from '@atp-router/kernel';
import type { Escalation, FanoutPlan } from '../plan.ts';
import type { FollowUp, FollowUpAnswer, Reconciled, Strategy, Verdict, View } from '../strategy.ts';
import { Asks } from './asks.ts';
import { Escalations } from './escalations.ts';
import { byExpert } from './expert.ts';
import { allClonesFailed, failureOf } from './failure.ts';
import { Hearing } from './hearing.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { LateStart } from './late-start.ts';
import type { SessionParts } from './parts.ts';
import { Provisional } from './provisional.ts';
import { dispatchOf, ofReserve } from './reserve.ts';
import { Settled } from './settled.ts';
import { Times } from './timeline.ts';
import type { Signs } from './triggers.ts';
import type {
  CancelReason,
  EscalationCause,
  LaneError,
  LaneView,
  SessionEffect,
  SessionEvent,
  SessionPhase,
  SessionTimer,
  Timeline,
} from './types.ts';
import { viewOf } from './view.ts';

/**
 * One task given to several agents, as a state machine: events in, effects out, time as an argument. Order is kept within
 * each lane only; what the result is depends on the strategy. It ends exactly once, with `complete` or `fail` as its last
 * effect and no lane left open.
 */
export class ConsensusSession {
  readonly #parts: SessionParts;
  readonly #plan: FanoutPlan;
  readonly #lanes: Lanes;
  readonly #asks: Asks;
  readonly #hearing: Hearing;
  readonly #escalations: Escalations;
  readonly #provisional: Provisional;
  readonly #settled: Settled;
  readonly #times: Times = new Times();
  readonly #late: LateStart;
  #strategy: Strategy;
  #phase: SessionPhase = { kind: 'init' };
  #effects: SessionEffect[] = [];
  /** Nobody is waited for any more. */
  #is_over_time = false;
  #expert: Lane | undefined;

  constructor(parts: SessionParts) {
    assert(parts.plan.members.length > 0, 'a fan-out has members');
    this.#parts = parts;
    this.#plan = parts.plan;
    this.#strategy = parts.strategy;
    this.#escalations = new Escalations(parts.plan.escalations);
    this.#settled = new Settled(parts.plan, parts.standing);
    this.#provisional = new Provisional(parts.plan.provisional);
    this.#late = new LateStart(parts.plan.late_ms);
    this.#lanes = new Lanes(parts.plan.members, parts.plan.reorder_max);
    this.#hearing = new Hearing(this.#lanes, parts.read, this.#times);
    this.#asks = new Asks(parts.plan.members.length);
  }

  get phase(): SessionPhase {
    return this.#phase.kind === 'dispatched' ? { kind: this.#hearing.stage } : this.#phase;
  }

  get is_over(): boolean {
    return this.#phase.kind === 'complete' || this.#phase.kind === 'error';
  }

  get timeline(): Timeline {
    return this.#times;
  }

  /** That decides now: the arbiter's where an escalation has not helped. */
  get strategy(): Strategy['kind'] {
    return this.#strategy.kind;
  }

  get escalated(): EscalationCause | undefined {
    return this.#escalations.cause;
  }

  get revisions(): number {
    return this.#provisional.revisions;
  }

  lanes(): readonly LaneView[] {
    return this.#lanes.all.map((lane) => lane.view());
  }

  /** Lanes in the order in which their answers were complete. */
  get arrival(): readonly number[] {
    return this.#hearing.arrival;
  }

  follow_ups(): readonly FollowUpAnswer[] {
    return this.#asks.answers;
  }

  /** Applies one event. One that comes too late (of a lane that is over, after the end) has no effect. */
  handle(event: SessionEvent, now_ms: number): readonly SessionEffect[] {
    if (this.is_over) return [];
    this.#effects = [];
    this.#apply(event, now_ms);
    return this.#effects;
  }

  #apply(event: SessionEvent, now_ms: number): void {
    switch (event.type) {
      case 'start':
        this.#start(now_ms);
        break;
      case 'timer':
        this.#due(event.timer, now_ms);
        break;
      case 'abort':
        this.#fail(event.error, now_ms);
        break;
      case 'follow_up':
        if (this.#asks.answered(event.id, event.source, event.text)) this.#advance(now_ms);
        break;
      default: {
        const heard = this.#hearing.hear(event, now_ms, this.#effects);
        if (heard === 'nothing') return;
        const text = this.#settled.grow(this.#strategy, this.#lanes.all);
        if (text !== '') this.#effects.push({ type: 'partial', text });
        if (heard === 'over') this.#advance(now_ms);
      }
    }
  }

  #start(now_ms: number): void {
    assert(this.#phase.kind === 'init', 'a session starts once');
    this.#times.started_ms = now_ms;
    this.#phase = { kind: 'dispatched' };
    const { deadline_ms, provisional } = this.#plan;
    const after_ms = provisional?.after_ms ?? 0;
    if (deadline_ms !== undefined) this.#effects.push({ type: 'set_timer', timer: 'deadline', delay_ms: deadline_ms });
    if (after_ms > 0) this.#effects.push({ type: 'set_timer', timer: 'tight', delay_ms: after_ms });
    this.#late.begun(this.#effects);
    this.#fill();
  }

  /** Begins as many lanes as may run at once. */
  #fill(): void {
    for (const lane of this.#lanes.next(this.#plan.width ?? this.#plan.members.length))
      this.#effects.push(dispatchOf(lane));
  }

  #due(timer: SessionTimer, now_ms: number): void {
    const { current } = this.#provisional;
    if (timer === 'expiry' && current !== undefined) {
      this.#strategy = current.by;
      this.#complete(current.result, 'expired', now_ms);
      return;
    }
    if (timer === 'tight') this.#provisional.isTight();
    if (timer === 'late') this.#late.due();
    if (timer === 'deadline') {
      // What has come is all that there will be.
      this.#is_over_time = true;
      this.#lanes.keepPartial(this.#parts.read);
      this.#stop('deadline');
    }
    this.#advance(now_ms);
  }

  /** Goes on as far as what has come allows. */
  #advance(now_ms: number): void {
    if (this.is_over) return;
    const open = this.#lanes.open();
    const is_last = this.#is_over_time || (open.length === 0 && this.#asks.pending === 0);
    if (open.length === 0) this.#times.reconciling_ms ??= now_ms;
    const view = viewOf(this.#parts, this.#lanes, {
      ...{ strategy: this.#strategy.kind, arrival: this.#hearing.arrival, follow_ups: this.#asks.answers },
      ...{ settled: this.#settled.text, is_last, is_over_time: this.#is_over_time, late: this.#late },
    });
    const verdict = this.#strategy.decide(view);
    if (verdict.kind === 'done') this.#done(verdict, view, now_ms);
    else if (verdict.kind === 'ask') this.#ask(verdict.asks, view, now_ms);
    else if (verdict.kind === 'begin' && view.cascade?.reserve.includes(verdict.source) === true) this.#begin(verdict);
    else if (!is_last) this.#goOn(view, now_ms);
    else this.#none(verdict, now_ms);
  }

  #begin({ source, is_early = false }: Extract<Verdict, { kind: 'begin' }>): void {
    const lane = this.#lanes.add(ofReserve(this.#plan, source));
    this.#effects.push(dispatchOf(lane));
    this.#late.begun(this.#effects, is_early ? { lane: lane.lane, source } : undefined);
  }

  #done({ result, is_safe, spared }: Extract<Verdict, { kind: 'done' }>, view: View, now_ms: number): void {
    this.#late.spare(spared);
    const confidence = this.#parts.standing.calibrated(this.#strategy.kind, result.confidence);
    const is_sure = this.#plan.tau_final !== undefined && confidence >= this.#plan.tau_final;
    const is_enough = view.open.length === 0 || is_safe || is_sure || this.#plan.mode === 'speculative';
    if (!is_enough) this.#goOn(view, now_ms);
    else this.#settle(result, view, confidence, now_ms);
  }

  /** More is waited for: begins more lanes, and says what it has where that is wanted. */
  #goOn(view: View, now_ms: number): void {
    this.#fill();
    if (!this.#provisional.isDue(view.answers.length)) return;
    const verdict = this.#strategy.decide({ ...view, is_last: true });
    if (verdict.kind !== 'done') return;
    const { result } = verdict;
    const told = this.#provisional.tell(result, view.answers.length, this.#strategy);
    if (told === undefined) return;
    const { revision, expiry_ms } = told;
    this.#phase = { kind: 'provisional', revision, result };
    this.#effects.push({ type: 'provisional', result, revision, expiry_ms });
    if (revision === 0) this.#effects.push({ type: 'set_timer', timer: 'expiry', delay_ms: expiry_ms });
    this.#times.reconciling_ms ??= now_ms;
  }

  #ask(asks: readonly FollowUp[], view: View, now_ms: number): void {
    const fresh = this.#is_over_time ? [] : this.#asks.take(asks);
    const is_refused = this.#asks.refuse(asks);
    for (const ask of fresh) this.#effects.push({ type: 'ask', ask });
    if (fresh.length > 0) {
      this.#times.reconciling_ms ??= now_ms;
      this.#phase = { kind: fresh.some(({ role }) => role === 'arbiter') ? 'arbiter' : 'reconciling' };
    }
    if (this.#asks.pending > 0 || view.open.length > 0) this.#goOn(view, now_ms);
    else if (is_refused) this.#advance(now_ms);
    else this.#none({ kind: 'none', why: 'the strategy asked again for what it had an answer to' }, now_ms);
  }

  /** There is a result. It may call for somebody who knows better first. */
  #settle(result: Reconciled, view: View, confidence: number, now_ms: number): void {
    this.#times.reconciling_ms ??= now_ms;
    const { arbiter, documents, citations } = this.#parts;
    const signs: Signs = { result, answers: view.answers, documents, confidence, citations };
    // What was told cannot be taken back: then there is nothing for others to decide.
    const is_free = !this.#is_over_time && this.#settled.text === '';
    const next = is_free ? this.#escalations.next(signs) : undefined;
    const is_left = is_free && this.#escalations.isLeft(signs);
    const expert = this.#expert?.answer;
    if (next !== undefined) this.#escalate(next, next.when, now_ms);
    else if (is_left && arbiter !== undefined && this.#strategy !== arbiter) {
      this.#strategy = arbiter;
      this.#phase = { kind: 'arbiter' };
      this.#advance(now_ms);
    } else if (is_left && expert !== undefined) this.#complete(byExpert(result, expert, view), 'early_exit', now_ms);
    else this.#complete(result, 'early_exit', now_ms);
  }

  #escalate(escalation: Escalation, cause: EscalationCause, now_ms: number): void {
    this.#escalations.use(escalation, cause);
    this.#stop('early_exit');
    this.#expert = this.#lanes.add(escalation.to);
    this.#times.reconciling_ms ??= now_ms;
    this.#phase = { kind: 'escalation', trigger: cause };
    this.#effects.push({ type: 'escalated', cause, lane: this.#expert.lane }, dispatchOf(this.#expert));
  }

  #none(verdict: Exclude<Verdict, { kind: 'done' | 'ask' }>, now_ms: number): void {
    const next = this.#escalations.next(undefined);
    if (!this.#is_over_time && next !== undefined && allClonesFailed(this.#lanes.all)) {
      this.#escalate(next, 'clones_failed', now_ms);
      return;
    }
    const why = verdict.kind === 'none' ? verdict.why : 'the strategy waits for what cannot come';
    this.#fail(failureOf(this.#lanes.all, why, this.#is_over_time), now_ms);
  }

  #complete(reconciled: Reconciled, reason: CancelReason, now_ms: number): void {
    const result = this.#settled.kept(reconciled);
    this.#end(reason, now_ms);
    this.#effects.push(...this.#late.outcomes);
    this.#phase = { kind: 'complete', result };
    this.#effects.push({ type: 'complete', result });
  }

  #fail(error: LaneError, now_ms: number): void {
    this.#end('aborted', now_ms);
    this.#phase = { kind: 'error', error };
    this.#effects.push({ type: 'fail', error });
  }

  #end(reason: CancelReason, now_ms: number): void {
    this.#stop(reason);
    for (const timer of ['deadline', 'tight', 'expiry', 'late'] as const)
      this.#effects.push({ type: 'clear_timer', timer });
    this.#times.ended_ms = now_ms;
  }

  /** Stops whoever is at work. */
  #stop(reason: CancelReason): void {
    for (const { lane } of this.#lanes.stop(reason)) this.#effects.push({ type: 'cancel', lane, reason });
    for (const id of this.#asks.stop()) this.#effects.push({ type: 'cancel_ask', id });
  }
}
