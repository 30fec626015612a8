import type { FanoutPlan } from '../plan.ts';
import type { ConsensusSession } from '../session/session.ts';
import type { SessionEffect } from '../session/types.ts';
import type { HistoryFacts } from './facts.ts';

const PROBLEMS_MAX = 20;

/** Sees all that a session wants done, and knows what it may not. */
export class Oracle {
  readonly #plan: FanoutPlan;
  readonly #problems: string[] = [];
  readonly #begun: Set<number> = new Set();
  readonly #stopped: Set<number> = new Set();
  readonly #asked: Set<string> = new Set();
  readonly #said: Map<number, string> = new Map();
  #told = '';
  #revision = -1;
  #escalated = 0;
  #end: Extract<SessionEffect, { type: 'complete' | 'fail' }> | undefined;

  constructor(plan: FanoutPlan) {
    this.#plan = plan;
  }

  get problems(): readonly string[] {
    return this.#problems;
  }

  get facts(): Omit<HistoryFacts, 'histories' | 'lanes' | 'pieces'> {
    return {
      asks: this.#asked.size,
      provisional: this.#revision + 1,
      escalated: this.#escalated,
      completed: this.#end?.type === 'complete' ? 1 : 0,
      failed: this.#end?.type === 'fail' ? 1 : 0,
    };
  }

  problem(text: string): void {
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push(text);
  }

  /** A lane has said all of this. */
  said(lane: number, text: string): void {
    this.#said.set(lane, text);
  }

  saw(effect: SessionEffect): void {
    if (this.#end !== undefined) this.problem(`${effect.type} after the end`);
    switch (effect.type) {
      case 'dispatch':
        if (this.#begun.has(effect.lane)) this.problem(`lane ${effect.lane} is begun twice`);
        this.#begun.add(effect.lane);
        break;
      case 'cancel':
        if (!this.#begun.has(effect.lane)) this.problem(`lane ${effect.lane} is stopped before it has begun`);
        if (this.#stopped.has(effect.lane)) this.problem(`lane ${effect.lane} is stopped twice`);
        this.#stopped.add(effect.lane);
        break;
      case 'ask':
        if (this.#asked.has(effect.ask.id)) this.problem(`${effect.ask.id} is asked twice`);
        this.#asked.add(effect.ask.id);
        break;
      case 'partial':
        this.#told += effect.text;
        break;
      case 'provisional':
        if (effect.revision !== this.#revision + 1) this.problem(`revision ${effect.revision} after ${this.#revision}`);
        this.#revision = effect.revision;
        this.#result(effect);
        break;
      case 'escalated':
        this.#escalated += 1;
        break;
      case 'complete':
        this.#end = effect;
        this.#result(effect);
        if (!effect.result.text.startsWith(this.#told)) this.problem('the result takes back what was told');
        break;
      case 'fail':
        this.#end = effect;
        break;
      default:
        break;
    }
  }

  /** Nothing is due any more. */
  ended(session: ConsensusSession): void {
    if (this.#end === undefined) this.problem('it has no end');
    if (this.#escalated > this.#plan.escalations.length) this.problem('somebody is asked for the same reason twice');
    for (const { lane, phase, answer, member } of session.lanes()) {
      const is_open = phase.kind === 'streaming' || phase.kind === 'paused' || phase.kind === 'admitted';
      if (is_open || (phase.kind === 'init' && this.#begun.has(lane)))
        this.problem(`lane ${lane} is left ${phase.kind}`);
      const said = this.#said.get(lane);
      if (phase.kind === 'finalized' && answer?.text !== said)
        this.problem(`lane ${lane} has another text than was said`);
      if (answer !== undefined && answer.source !== member.source) this.problem(`lane ${lane} speaks for another`);
    }
    if (this.#end?.type === 'complete') {
      const heard = session.lanes().filter(({ answer }) => answer !== undefined);
      if (heard.length === 0) this.problem('there is a result, and nobody has said anything');
    }
  }

  #result({ result }: Extract<SessionEffect, { type: 'complete' | 'provisional' }>): void {
    for (const share of [result.agreement, result.confidence, ...result.shares.map((one) => one.share)]) {
      if (!(share >= 0 && share <= 1)) this.problem(`a share of ${share}`);
    }
    if (result.lane !== undefined && !this.#begun.has(result.lane))
      this.problem('the result is of a lane that was not asked');
  }
}
