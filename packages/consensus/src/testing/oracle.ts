import type { FanoutPlan } from '../plan.ts';
import type { ConsensusSession } from '../session/session.ts';
import type { SessionEffect, SessionEvent } from '../session/types.ts';
import type { Reconciled } from '../strategy.ts';
import { AskBook } from './ask-book.ts';
import type { HistoryFacts } from './facts.ts';
import { type HeardLane, LaneBook } from './lane-book.ts';
import { addedClaim, judgeResult } from './result-rules.ts';
import { TimeBook } from './time-book.ts';

const PROBLEMS_MAX = 20;

type End = Extract<SessionEffect, { type: 'complete' | 'fail' }>;
type OracleFacts = Pick<
  HistoryFacts,
  | 'paused'
  | 'asks'
  | 'asked_out'
  | 'provisional'
  | 'escalated'
  | 'early'
  | 'arbitrated'
  | 'late'
  | 'completed'
  | 'failed'
>;

/** Sees all that a session is told and all that it wants done, and knows what it may not. */
export class Oracle {
  readonly #plan: FanoutPlan;
  readonly #problems: string[] = [];
  readonly #lanes: LaneBook;
  readonly #asks: AskBook;
  readonly #time: TimeBook;
  #told = '';
  #escalated = 0;
  #early = 0;
  readonly #spared: Set<number> = new Set();
  #arbitrated = 0;
  #is_late = false;
  #is_aborted = false;
  #end: End | undefined;

  constructor(plan: FanoutPlan) {
    const broken = (what: string): void => this.problem(what);
    this.#plan = plan;
    this.#lanes = new LaneBook(plan, broken);
    this.#asks = new AskBook(plan.members.length, broken);
    this.#time = new TimeBook(plan, broken);
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  get facts(): OracleFacts {
    return {
      paused: this.#lanes.paused,
      asks: this.#asks.asked,
      asked_out: this.#asks.is_used_up ? 1 : 0,
      provisional: this.#time.told,
      escalated: this.#escalated,
      early: this.#early,
      arbitrated: this.#arbitrated,
      late: this.#is_late ? 1 : 0,
      completed: this.#end?.type === 'complete' ? 1 : 0,
      failed: this.#end?.type === 'fail' ? 1 : 0,
    };
  }

  /** Answers so far. */
  said(): readonly string[] {
    return this.#lanes.heard().map(({ text }) => text);
  }

  problem(text: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(text);
  }

  /** Something happens; the session is told after this. */
  hears(event: SessionEvent): void {
    if (this.#end !== undefined) return;
    if ('lane' in event) this.#lanes.hears(event);
    else if (event.type === 'follow_up') this.#asks.hears(event.id, event.text);
    else if (event.type === 'abort') this.#is_aborted = true;
    else if (event.type === 'timer') this.#time.clears(event.timer);
  }

  saw(effect: SessionEffect, now_ms: number, by: ConsensusSession['strategy']): void {
    if (this.#end !== undefined) this.problem(`${effect.type} after the end`);
    switch (effect.type) {
      case 'dispatch':
        this.#lanes.begins(effect.lane);
        break;
      case 'cancel':
        this.#lanes.stops(effect.lane, effect.reason);
        break;
      case 'pause':
      case 'resume':
        this.#lanes.holds(effect.lane, effect.type === 'pause');
        break;
      case 'ask':
        this.#asks.asks(effect.ask.id);
        break;
      case 'cancel_ask':
        this.#asks.stops(effect.id);
        break;
      case 'set_timer':
        this.#time.sets(effect.timer);
        break;
      case 'clear_timer':
        this.#time.clears(effect.timer);
        break;
      case 'partial':
        this.#told += effect.text;
        break;
      case 'provisional':
        this.#time.tells({ ...effect, agreement: effect.result.agreement }, this.#counted(by).length, now_ms);
        this.#result(effect.result, by);
        break;
      case 'escalated':
        this.#escalated += 1;
        break;
      case 'speculated':
        this.#early += 1;
        if (effect.outcome === 'accepted') this.#spared.add(effect.lane);
        break;
      case 'complete':
        if (effect.result.shares.some(({ lane }) => this.#spared.has(lane)))
          this.problem('a lane that is not needed carries the result');
        this.#ends(effect, now_ms, by);
        break;
      case 'fail':
        this.#ends(effect, now_ms, by);
        break;
    }
  }

  /** All that comes of an event was done. Who is dead, or refused, keeps nobody waiting. */
  settled(): void {
    if (this.#end !== undefined) return;
    this.#lanes.settled();
    if (this.#is_aborted) this.problem('it goes on when it was aborted');
    const left = this.#escalated > 0 ? 0 : this.#plan.members.length - this.#lanes.begun;
    if (left > 0 && this.#lanes.at_work < this.#lanes.width) this.problem(`${left} lanes are not begun, and may be`);
    if (left <= 0 && this.#lanes.at_work === 0 && this.#asks.open === 0) this.problem('it waits for nobody');
  }

  /** Nothing is due any more. `is_sound`: its strategy does not ask on and on. */
  ended(session: ConsensusSession, is_sound: boolean): void {
    if (this.#end === undefined) this.problem('it has no end');
    if (this.#escalated > this.#plan.escalations.length) this.problem('somebody is asked for the same reason twice');
    if (new Set(session.arrival).size < session.arrival.length) this.problem('an answer arrives twice');
    this.#lanes.ended(session.lanes());
    this.#asks.ended(session.follow_ups());
    const is_said = this.#counted(session.strategy).some(({ lane }) => !this.#isChallenger(lane));
    // What was told of one that failed then cannot be taken back: it is a result, if one of no confidence.
    const is_told = this.#told !== '' && this.#end?.type === 'complete' && this.#end.result.text === this.#told;
    if (this.#end?.type === 'complete' && !is_said && !is_told)
      this.problem('there is a result, and nobody has said it');
    if (this.#end?.type === 'fail' && is_said && is_sound && !this.#is_aborted) {
      this.problem(`there is no result, though somebody has answered: ${this.#end.error.message}`);
    }
  }

  #ends(end: End, now_ms: number, by: ConsensusSession['strategy']): void {
    this.#time.ended(now_ms);
    this.#is_late = this.#time.isLate(now_ms);
    this.#end = end;
    if (this.#is_aborted && end.type === 'complete') this.problem('it has a result when it was aborted');
    if (end.type === 'fail') return;
    this.#result(end.result, by);
    if (!end.result.text.startsWith(this.#told)) this.problem('the result takes back what was told');
  }

  #result(result: Reconciled, by: ConsensusSession['strategy']): void {
    const heard = this.#lanes.heard();
    judgeResult(result, heard, this.#plan, (what) => this.problem(what));
    if (by !== 'arbiter' || result.lane !== undefined) return;
    const added = addedClaim(result, heard);
    if (added !== undefined) this.problem(`the arbiter adds "${added}"`);
    this.#arbitrated += 1;
  }

  /** Whose answers count: challengers are heard by the champion only. */
  #counted(by: ConsensusSession['strategy']): readonly HeardLane[] {
    return this.#lanes.heard().filter(({ lane }) => by === 'champion' || !this.#isChallenger(lane));
  }

  #isChallenger(lane: number): boolean {
    return this.#plan.members[lane]?.is_challenger === true;
  }
}
