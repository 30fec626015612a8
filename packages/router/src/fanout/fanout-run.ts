import {
  ConsensusSession,
  type FollowUp,
  type Member,
  type Reconciled,
  type SessionEffect,
  type SessionTimer,
} from '@atp-router/consensus';
import type { Choice } from '@atp-router/dialects';
import { AtpError, assert, type Timer, toAtpError, unreachable } from '@atp-router/kernel';
import type { CallOutcome } from '@atp-router/ledger';
import type { Attempt } from '../engine/attempt.ts';
import { CallBooks } from '../engine/call-books.ts';
import { CallEnd } from '../engine/call-end.ts';
import type { AnswerMeta } from '../engine/client.ts';
import type { AdmittedCall, EngineEnv, RunningCall } from '../engine/env.ts';
import { CallFunds, demandOf } from '../engine/funds.ts';
import { Intents } from '../engine/intents.ts';
import { sharedHoldOf } from '../engine/shared-hold.ts';
import { LaneRun, type LaneOwner, type LaneParts } from './lane-run.ts';
import { Opening, type OpeningOwner } from './opening.ts';
import { LaneBriefs } from './briefs.ts';
import { Reply } from './reply.ts';
import { consensusField, provisionalField } from './report.ts';
import { sessionParts } from './session-parts.ts';
import type { Fanout } from './types.ts';

/** Why it cannot be run, where its request cannot be read. */
export function fanoutRun(call: AdmittedCall, env: EngineEnv): FanoutRun | AtpError {
  try {
    return new FanoutRun(call, env);
  } catch (thrown) {
    env.faults.note(thrown);
    return toAtpError(thrown);
  }
}

/**
 * Runs a call that several agents are asked: carries out what its session wants with real lanes, one reservation of funds and
 * one client. All attempts of all lanes are attempts of the call: one record, one budget, one id.
 */
export class FanoutRun implements RunningCall, LaneOwner, OpeningOwner {
  readonly call: AdmittedCall;
  place = -1;
  readonly #env: EngineEnv;
  readonly #fanout: Fanout;
  readonly #session: ConsensusSession;
  readonly #funds: CallFunds;
  readonly #intents: Intents;
  readonly #books: CallBooks;
  readonly #end: CallEnd;
  readonly #opening: Opening;
  readonly #briefs: LaneBriefs;
  readonly #reply: Reply;
  readonly #attempts: Attempt[] = [];
  readonly #lanes: Map<number, LaneRun> = new Map();
  readonly #asked: Map<string, LaneRun> = new Map();
  readonly #pieces: Map<LaneRun, number> = new Map();
  readonly #texts: Map<LaneRun, string> = new Map();
  readonly #timers: Map<SessionTimer, Timer> = new Map();
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
    this.#opening = new Opening(call, env, this.#funds, this);
    this.#briefs = new LaneBriefs(call, fanout, env);
    const model = `policy:${fanout.policy}`;
    this.#reply = new Reply(call, fanout.facet, model, (bytes) => this.#books.sent(bytes));
    this.#session = new ConsensusSession(sessionParts(call, fanout.plan, env, this.#briefs.documents));
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
      this.#stopLanes();
      this.#fail(error, outcome);
    });
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#env.faults.report(thrown);
      this.#breakDown(toAtpError(thrown));
    }
  }

  nextAttempt(): number {
    this.#next_attempt += 1;
    return this.#next_attempt;
  }

  onOpened(): void {
    this.#opening.handOver();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#carryOut(waiting);
  }

  // What lanes report.

  onAttempt(attempt: Attempt): void {
    this.#attempts.push(attempt);
  }

  onAdmitted(lane: LaneRun): void {
    const n = this.#numberOf(lane);
    if (n !== undefined) this.#tell({ type: 'admitted', lane: n });
  }

  onPiece(lane: LaneRun, text: string): void {
    const n = this.#numberOf(lane);
    if (n === undefined) this.#texts.set(lane, (this.#texts.get(lane) ?? '') + text);
    else {
      const seq = this.#pieces.get(lane) ?? 0;
      this.#pieces.set(lane, seq + 1);
      this.#tell({ type: 'piece', lane: n, seq, text });
    }
  }

  onRestarted(lane: LaneRun): void {
    const n = this.#numberOf(lane);
    this.#texts.delete(lane);
    this.#pieces.delete(lane);
    if (n !== undefined) this.#tell({ type: 'restarted', lane: n });
  }

  onFinal(lane: LaneRun, is_cut: boolean): void {
    const n = this.#numberOf(lane);
    if (n === undefined) this.#answered(lane, this.#texts.get(lane));
    else this.#tell({ type: 'final', lane: n, pieces: this.#pieces.get(lane) ?? 0, is_cut });
  }

  onFailed(lane: LaneRun, { code, message }: AtpError, was_admitted: boolean): void {
    const n = this.#numberOf(lane);
    if (n === undefined) this.#answered(lane, undefined);
    else this.#tell({ type: was_admitted ? 'failed' : 'rejected', lane: n, error: { code, message } });
  }

  #answered(lane: LaneRun, text: string | undefined): void {
    for (const [id, asked] of this.#asked) {
      if (asked === lane) this.#tell({ type: 'follow_up', id, source: lane.work.ref.source, text });
    }
  }

  #numberOf(lane: LaneRun): number | undefined {
    const { role, lane: n } = lane.work.ref;
    return role === 'member' || role === 'challenger' || role === 'escalation' ? n : undefined;
  }

  #tell(event: Parameters<ConsensusSession['handle']>[0]): void {
    if (!this.#ended) this.#carryOut(this.#session.handle(event, this.#now_ms));
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
    switch (effect.type) {
      case 'dispatch':
        this.#dispatch(effect.lane, effect.member);
        break;
      case 'ask':
        this.#ask(effect.ask);
        break;
      case 'cancel':
        this.#lanes.get(effect.lane)?.cancel();
        break;
      case 'cancel_ask':
        this.#asked.get(effect.id)?.cancel();
        break;
      case 'pause':
        this.#lanes.get(effect.lane)?.pause();
        break;
      case 'resume':
        this.#lanes.get(effect.lane)?.resume();
        break;
      case 'set_timer':
        this.#setTimer(effect.timer, effect.delay_ms);
        break;
      case 'clear_timer':
        this.#timers.get(effect.timer)?.cancel();
        break;
      case 'provisional':
        this.#reply.provisional(provisionalField(effect), this.#meta);
        break;
      case 'partial':
        this.#reply.partial(effect.text, this.#meta);
        break;
      case 'escalated':
        break;
      case 'complete':
        this.#succeed(effect.result);
        break;
      case 'fail':
        this.#fail(new AtpError(effect.error.code, effect.error.message), 'error');
        break;
      default:
        unreachable(effect);
    }
  }

  #setTimer(timer: SessionTimer, delay_ms: number): void {
    const due = (): void => this.guard(() => this.#tell({ type: 'timer', timer }));
    this.#timers.set(timer, this.#env.ambient.timers.after(delay_ms, due));
  }

  #dispatch(n: number, member: Member): void {
    const role = n >= this.#fanout.plan.members.length ? 'escalation' : member.is_challenger ? 'challenger' : 'member';
    const work = this.#briefs.lane({ lane: n, role, source: member.source }, member);
    if (work instanceof AtpError) {
      this.#tell({ type: 'rejected', lane: n, error: { code: work.code, message: work.message } });
      return;
    }
    const lane = new LaneRun(work, this.#parts, this);
    this.#lanes.set(n, lane);
    lane.start();
  }

  #ask(ask: FollowUp): void {
    const n = this.#session.lanes().length + this.#asked.size;
    const work = this.#briefs.followUp(ask, n);
    if (work instanceof AtpError) {
      this.#tell({ type: 'follow_up', id: ask.id, source: ask.source ?? 'arbiter', text: undefined });
      return;
    }
    const lane = new LaneRun(work, this.#parts, this);
    this.#asked.set(ask.id, lane);
    lane.start();
  }

  #succeed(result: Reconciled): void {
    const { ambient } = this.#env;
    this.#stopLanes();
    const meta = this.#meta;
    let last: (string | Uint8Array)[];
    try {
      const consensus = consensusField(this.#session, result, this.#lanes, this.#fanout);
      const atp = { ...this.#books.atp(undefined, meta), consensus };
      const ended_s = Math.floor(ambient.clock.now_ms() / 1_000);
      last = this.#reply.last(this.#choice(result), this.#books.usage, atp, ended_s, meta);
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

  /** The words of a lane, with its calls of tools, where the result is one lane's; else the reconciled text. */
  #choice({ lane, text }: Reconciled): Choice {
    const choice = lane === undefined ? undefined : this.#lanes.get(lane)?.choice;
    if (choice !== undefined && choice.parts.length > 0) return choice;
    return { parts: [{ type: 'text', text }], finish: 'stop' };
  }

  #fail(error: AtpError, outcome: 'error' | 'cancelled'): void {
    this.#stopLanes();
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
    for (const timer of this.#timers.values()) timer.cancel();
    this.#opening.withdraw();
    this.#end.come(this, { outcome, error, opened: this.#intents.opened, streamed: this.#reply.begun, meta, reply });
  }

  #stopLanes(): void {
    for (const lane of this.#runs) if (!lane.is_over) lane.cancel();
  }

  #breakDown(error: AtpError): void {
    if (this.#ended) return;
    for (const lane of this.#runs) lane.breakDown(error);
    this.#fail(error, 'error');
  }

  get #runs(): readonly LaneRun[] {
    return [...this.#lanes.values(), ...this.#asked.values()];
  }

  get #parts(): LaneParts {
    const { call } = this;
    return {
      call,
      env: this.#env,
      funds: this.#funds,
      intents: this.#intents,
      books: this.#books,
      nextAttempt: () => this.nextAttempt(),
    };
  }

  get #meta(): AnswerMeta {
    const meta = this.#books.meta(undefined, this.#next_attempt, `policy:${this.#fanout.policy}`);
    const simulated = this.#attempts.some(({ spec }) => spec.target.provider.simulated);
    return simulated ? { ...meta, simulated } : meta;
  }

  get #now_ms(): number {
    return this.#env.ambient.clock.mono_ms();
  }
}
