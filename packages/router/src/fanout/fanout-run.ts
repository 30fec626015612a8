import {
  ConsensusSession,
  type FollowUp,
  type Reconciled,
  type SessionEffect,
  type SessionEvent,
} from '@atp-router/consensus';
import type { Choice } from '@atp-router/dialects';
import { AtpError, assert, toAtpError, unreachable } from '@atp-router/kernel';
import type { CallOutcome, RouterEvent } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { CallBooks } from '../engine/call-books.ts';
import { CallEnd } from '../engine/call-end.ts';
import type { AnswerMeta } from '../engine/client.ts';
import type { AdmittedCall, EngineEnv, RunningCall } from '../engine/env.ts';
import { CallFunds, demandOf } from '../engine/funds.ts';
import { Intents } from '../engine/intents.ts';
import { deadlineExceeded } from '../engine/refusals.ts';
import { sharedHoldOf } from '../engine/shared-hold.ts';
import { chosenEvents } from '../auto/came.ts';
import { cascadeGuide } from '../success/cascade-guide.ts';
import { SessionAudit } from './audit/session-audit.ts';
import { type DeskOwner, LaneDesk } from './lane-desk.ts';
import { choiceOf, fallenBack, textOnly } from './fallen-back.ts';
import { Opening, type OpeningOwner } from './opening.ts';
import { LaneBriefs } from './briefs.ts';
import { Reply } from './reply.ts';
import { consensusField, provisionalField, sourceOf } from './report.ts';
import { openSession } from './session-parts.ts';
import { type FanoutTimer, SessionTimers } from './session-timers.ts';
import { type Fanout, roleOf } from './types.ts';

/**
 * Runs a call that several agents are asked: carries out what its session wants with real lanes, one reservation of funds and
 * one client. All attempts of all lanes are attempts of the call: one record, one budget, one id.
 */
export class FanoutRun implements RunningCall, DeskOwner, OpeningOwner {
  readonly call: AdmittedCall;
  place = -1;
  readonly #env: EngineEnv;
  readonly #fanout: Fanout;
  readonly #session: ConsensusSession;
  readonly #audit: SessionAudit;
  readonly #funds: CallFunds;
  readonly #intents: Intents;
  readonly #books: CallBooks;
  readonly #end: CallEnd;
  readonly #opening: Opening;
  readonly #briefs: LaneBriefs;
  readonly #desk: LaneDesk;
  readonly #reply: Reply;
  readonly #attempts: Attempt[] = [];
  readonly #timers: SessionTimers;
  /** From the arrival of the call. */
  readonly #deadline_ms: number;
  readonly #effects: SessionEffect[] = [];
  #applying = false;
  #next_attempt = 0;
  /** Lanes that are to begin, until there are funds for anything. */
  #waiting: SessionEffect[] | undefined = [];
  #ended = false;

  /** Throws `AtpError` for a request that cannot be read. */
  constructor(call: AdmittedCall, env: EngineEnv) {
    const { fanout } = call;
    assert(fanout !== undefined, 'a fan-out has a plan');
    this.call = call;
    this.#env = env;
    this.#fanout = fanout;
    const shared = sharedHoldOf(env.shared, call.head, call.account_limits, env.faults);
    this.#funds = new CallFunds(env.accounts, env.gate, call.accounts, call.caps, shared);
    this.#intents = new Intents(call, env.log, this.#funds);
    this.#books = new CallBooks(call, env);
    this.#end = new CallEnd(call, env, this.#funds, this.#books);
    this.#timers = new SessionTimers(env.ambient.timers, (timer) => this.guard(() => this.#due(timer)));
    this.#opening = new Opening(call, env, this.#funds, this);
    this.#briefs = new LaneBriefs(call, fanout, env);
    const guide = cascadeGuide(call, fanout, env, (lane) => [this.#desk.lanes.get(lane), this.#session.lanes()[lane]]);
    const opened = openSession(call, fanout.plan, env, this.#briefs.documents, guide);
    this.#deadline_ms = opened.deadline_ms;
    this.#audit = new SessionAudit(call, fanout, env, opened);
    this.#session = new ConsensusSession(this.#audit.parts);
    const nextAttempt = (): number => {
      this.#next_attempt += 1;
      return this.#next_attempt;
    };
    const shared_by_lanes = { call, env, funds: this.#funds, intents: this.#intents, books: this.#books, nextAttempt };
    this.#desk = new LaneDesk(this.#briefs, shared_by_lanes, this, opened.tools.embedding);
    this.#reply = new Reply(call, fanout, (bytes) => this.#books.sent(bytes));
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts;
  }

  /** Never throws, as `abort` and `guard`. */
  start(): void {
    this.guard(() => {
      this.call.sink.onGone(() => this.abort(new AtpError('request_cancelled', 'The client went away.'), 'cancelled'));
      this.#carryOut(this.#session.handle({ type: 'start' }, this.#now_ms));
      const { first } = this.#briefs;
      if (first === undefined) this.onOpened();
      else this.#opening.ask(demandOf(first.price, first.in_tokens, first.out_tokens));
    });
  }

  abort(error: AtpError, outcome: 'error' | 'cancelled'): void {
    this.guard(() => {
      this.#desk.stop();
      this.#fail(error, outcome);
    });
  }

  abortLanes(which: (attempt: Attempt) => boolean, error: AtpError): void {
    this.guard(() => this.#desk.abort(which, error));
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#env.faults.report(thrown);
      this.#breakDown(toAtpError(thrown));
    }
  }

  onOpened(): void {
    this.#opening.handOver();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#carryOut(waiting);
  }

  onAttempt(attempt: Attempt): void {
    this.#attempts.push(attempt);
  }

  onRefused({ id }: FollowUp, error: AtpError): void {
    this.#audit.refused(id, error);
  }

  tell(event: SessionEvent): void {
    if (this.#ended) return;
    this.#audit.told(event);
    this.#carryOut(this.#session.handle(event, this.#now_ms));
  }

  /** In their order, also what comes of carrying one out. */
  #carryOut(effects: readonly SessionEffect[]): void {
    this.#effects.push(...effects);
    if (this.#applying) return;
    this.#applying = true;
    for (let effect = this.#effects.shift(); effect !== undefined; effect = this.#effects.shift()) {
      if (this.#ended) break;
      if (this.#waiting !== undefined && effect.type === 'dispatch') this.#waiting.push(effect);
      else this.#apply(effect);
    }
    this.#applying = false;
  }

  #apply(effect: SessionEffect): void {
    this.#audit.did(effect);
    switch (effect.type) {
      case 'dispatch':
        this.#desk.dispatch(effect.lane, effect.member, roleOf(effect.lane, effect.member, this.#fanout.plan));
        break;
      case 'ask':
        this.#desk.ask(effect.ask);
        break;
      case 'cancel':
        this.#desk.cancel(effect.lane);
        break;
      case 'cancel_ask':
        this.#desk.cancelAsk(effect.id);
        break;
      case 'pause':
        this.#desk.pause(effect.lane);
        break;
      case 'resume':
        this.#desk.resume(effect.lane);
        break;
      case 'set_timer':
        this.#timers.set(effect.timer, effect.delay_ms);
        break;
      case 'clear_timer':
        this.#timers.cancel(effect.timer);
        break;
      case 'provisional':
        this.#reply.provisional(provisionalField(effect), this.#meta);
        break;
      case 'partial':
        this.#reply.partial(effect.text, this.#meta);
        break;
      case 'escalated':
        break;
      case 'speculated':
        this.#fanout.choice?.speculated(effect.source, effect.outcome);
        break;
      case 'complete':
        this.#succeed(effect.result);
        break;
      case 'fail':
        this.#fallBack(new AtpError(effect.error.code, effect.error.message));
        break;
      default:
        unreachable(effect);
    }
  }

  #due(timer: FanoutTimer): void {
    if (timer === 'end') this.abort(deadlineExceeded(this.#deadline_ms), 'error');
    else this.tell({ type: 'timer', timer });
  }

  /** Nothing came of the lanes: the policy may have a chain of its own to try, in the time that is left. */
  #fallBack(error: AtpError): void {
    if (this.#fanout.chain === undefined || this.#reply.begun || this.#timers.is_over_time) {
      this.#fail(error, 'error');
      return;
    }
    const age_ms = this.#now_ms - this.call.started_mono_ms;
    this.#timers.set('end', Math.max(0, this.#deadline_ms - age_ms));
    this.#desk.fallBack((text, run) => {
      if (text === undefined) this.#fail(error, 'error');
      else this.#succeed(fallenBack(text, error), run?.choice ?? textOnly(text));
    });
  }

  #succeed(result: Reconciled, choice: Choice = choiceOf(result, this.#desk.lanes)): void {
    const { ambient, reconciler } = this.#env;
    this.#audit.succeeded(result);
    this.#desk.stop();
    if (this.call.choice !== undefined) this.#reply.isOf(sourceOf(result, this.#desk));
    const meta = this.#meta;
    let last: (string | Uint8Array)[];
    try {
      const check = reconciler.checker(this.#briefs.documents);
      const consensus = consensusField(this.#session, result, this.#desk, this.#fanout, check);
      const atp = { ...this.#books.atp(undefined, meta), consensus };
      const ended_s = Math.floor(ambient.clock.now_ms() / 1_000);
      last = this.#reply.last(choice, this.#books.usage, atp, ended_s, meta);
    } catch (thrown) {
      this.#env.faults.note(thrown);
      this.#fail(toAtpError(thrown), 'error');
      return;
    }
    for (const chunk of last) this.#books.sent(chunk);
    this.#finish('ok', undefined, meta, (error) => {
      const { sink } = this.call;
      if (error !== undefined) sink.fail(error, meta);
      else if (this.#reply.begun) sink.end(last);
      else sink.answer(meta, last[0] ?? '');
    });
  }

  #fail(error: AtpError, outcome: 'error' | 'cancelled'): void {
    this.#desk.stop();
    const meta = this.#meta;
    this.#finish(outcome, error, meta, () => this.call.sink.fail(error, meta));
  }

  #finish(
    outcome: CallOutcome,
    error: AtpError | undefined,
    meta: AnswerMeta,
    reply: (failed: AtpError | undefined) => void,
  ): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.cancelAll();
    this.#opening.withdraw();
    const beside = (): readonly RouterEvent[] => this.#besides(outcome, error);
    const { opened } = this.#intents;
    this.#end.come(this, { outcome, error, opened, streamed: this.#reply.begun, meta, beside, reply });
  }

  #besides(outcome: CallOutcome, error: AtpError | undefined): readonly RouterEvent[] {
    const { call } = this;
    const taken = outcome === 'ok' ? this.#reply.model : undefined;
    const chosen = chosenEvents(call, this.#books, this.#env, { outcome, came: call.choice?.came ?? [], taken });
    return [...this.#audit.ended(outcome, error?.code, this.#session, this.#desk), ...chosen];
  }

  #breakDown(error: AtpError): void {
    if (this.#ended) return;
    this.#desk.breakDown(error);
    this.#fail(error, 'error');
  }

  get #meta(): AnswerMeta {
    const meta = this.#books.meta(undefined, this.#next_attempt, this.#reply.model);
    const simulated = this.#attempts.some(({ spec }) => spec.target.provider.simulated);
    return simulated ? { ...meta, simulated } : meta;
  }

  get #now_ms(): number {
    return this.#env.ambient.clock.mono_ms();
  }
}
