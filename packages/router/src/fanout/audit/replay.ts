import {
  ConsensusSession,
  type Reconciled,
  type SessionEffect,
  type SessionEvent,
  STRATEGIES,
  type StrategyKind,
  TRIGGERS,
} from '@atp-router/consensus';
import type { ErrorCode } from '@atp-router/kernel';
import type { ConsensusRow } from '@atp-router/ledger';
import type { Reconciler } from '../reconciler.ts';
import { KEPT_TEXT_CHARS, type KeptSession, type KeptStep } from './kept-session.ts';
import { standingOf } from './standing.ts';

/** What comes of the recorded answers when they are reconciled again. */
export interface Replayed {
  readonly strategy: StrategyKind;
  readonly result: Reconciled | undefined;
  /** What kept it from a result, in words; undefined while there is one, or where the session was not at its end. */
  readonly failure: string | undefined;
  /** Questions that nobody was asked when it was recorded: they stay without an answer. */
  readonly unanswered: readonly string[];
  /** Why it need not be what it was, or would have been; empty: it rests on all that there was. */
  readonly doubts: readonly string[];
}

/**
 * Takes a recorded session once more through its states: every answer comes when it came, in one piece. With another strategy
 * it is what that one would have made of the same answers.
 */
export function replay(
  kept: KeptSession,
  { policy, documents }: Pick<ConsensusRow, 'policy' | 'documents'>,
  reconciler: Reconciler,
  other?: StrategyKind,
): Replayed {
  const strategy = other ?? kept.plan.strategy.kind;
  const again = new Again(kept, policy, reconciler, strategy);
  again.run(other !== undefined);
  return {
    strategy,
    result: again.result,
    failure: again.failure,
    unanswered: again.unanswered,
    doubts: doubtsOf(kept, documents, strategy, other !== undefined),
  };
}

class Again {
  readonly #kept: KeptSession;
  readonly #session: ConsensusSession;
  readonly #texts: ReadonlyMap<number, string>;
  readonly #answers: ReadonlyMap<string, KeptSession['follow_ups'][number]>;
  readonly #asked: Set<string> = new Set();
  readonly unanswered: string[] = [];
  result: Reconciled | undefined;
  failure: string | undefined;

  constructor(kept: KeptSession, policy: string, reconciler: Reconciler, kind: StrategyKind) {
    const plan = { ...kept.plan, strategy: { ...kept.plan.strategy, kind } };
    this.#kept = kept;
    this.#texts = new Map(kept.lanes.map(({ lane, text }) => [lane, text]));
    this.#answers = new Map(kept.follow_ups.map((one) => [one.id, one]));
    const { task_type } = kept;
    const { strategy, read, citations } = reconciler.again({ policy, task_type: task_type ?? undefined }, plan);
    this.#session = new ConsensusSession({
      plan,
      strategy: strategy(kind),
      arbiter: plan.arbiter === undefined ? undefined : strategy('arbiter'),
      standing: standingOf(kept.standing),
      documents: [],
      read,
      citations,
    });
  }

  /** `to_end`: it comes to its end, also where the recorded one did not. */
  run(to_end: boolean): void {
    this.#tell({ type: 'start' }, 0);
    for (const step of this.#kept.steps) for (const event of this.#eventsOf(step)) this.#tell(event, step.at_ms);
    if (!to_end) return;
    const { at_ms } = this.#kept.steps.at(-1) ?? { at_ms: 0 };
    this.#tell({ type: 'timer', timer: 'deadline' }, at_ms);
  }

  #eventsOf(step: KeptStep): readonly SessionEvent[] {
    switch (step.type) {
      case 'admitted':
        return [{ type: 'admitted', lane: step.lane }];
      case 'final':
        return [...this.#said(step.lane), { type: 'final', lane: step.lane, pieces: 1, is_cut: step.is_cut }];
      case 'failed':
      case 'rejected': {
        const error = { code: step.error as ErrorCode, message: step.error };
        return [{ type: step.type, lane: step.lane, error }];
      }
      case 'follow_up': {
        const { source = '', text = null } = this.#answers.get(step.id) ?? {};
        return [{ type: 'follow_up', id: step.id, source, text: text ?? undefined }];
      }
      case 'timer':
        // What lanes had said by then may be what there was.
        return step.timer === 'deadline' ? [...this.#allSaid(), { type: 'timer', timer: step.timer }] : [step];
    }
  }

  #said(lane: number): SessionEvent[] {
    return [{ type: 'piece', lane, seq: 0, text: this.#texts.get(lane) ?? '' }];
  }

  #allSaid(): SessionEvent[] {
    return this.#session.lanes().flatMap(({ lane, text }) => (text === '' ? this.#said(lane) : []));
  }

  #tell(event: SessionEvent, now_ms: number): void {
    const effects: SessionEffect[] = [...this.#session.handle(event, now_ms)];
    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
      if (effect.type === 'complete') this.result = effect.result;
      else if (effect.type === 'fail') this.failure = effect.error.message;
      else if (effect.type === 'ask' && !this.#answers.has(effect.ask.id)) {
        const { id, source = '' } = effect.ask;
        if (this.#asked.has(id)) continue;
        this.#asked.add(id);
        this.unanswered.push(id);
        effects.push(...this.#session.handle({ type: 'follow_up', id, source, text: undefined }, now_ms));
      }
    }
  }
}

function doubtsOf(kept: KeptSession, documents: number, strategy: StrategyKind, is_other: boolean): readonly string[] {
  const cut = kept.lanes.filter(({ text, chars }) => text.length < chars).map(({ lane }) => lane);
  const told = new Set(kept.steps.flatMap((step) => (step.type === 'final' ? [step.lane] : [])));
  const silent = is_other ? kept.lanes.filter(({ lane }) => !told.has(lane)).map(({ lane }) => lane) : [];
  return [
    ...(cut.length > 0
      ? [`of lane ${cut.join(', ')} only the beginning is on record (${KEPT_TEXT_CHARS} characters)`]
      : []),
    ...(kept.steps_cut ? ['there were more steps than are on record'] : []),
    ...(documents > 0 && isCiting(kept, strategy)
      ? [`${documents} documents of the task are not on record, and citations count as if there were none`]
      : []),
    ...(typeof kept.embedder === 'string'
      ? [`the session compared texts by vectors of ${kept.embedder}, and here they are compared by their words`]
      : []),
    ...(strategy === 'adaptive' ? ['what is known of strategies may have changed since'] : []),
    ...(strategy === 'streaming_merge'
      ? ['what was told while lanes still spoke is not on record, and binds the result no more']
      : []),
    ...(silent.length > 0 ? [`lane ${silent.join(', ')} had not answered in full when the session ended`] : []),
  ];
}

/** Whether it matters what citations are worth. */
function isCiting({ plan }: KeptSession, strategy: StrategyKind): boolean {
  return STRATEGIES[strategy].weighs_citations || plan.escalations.some(({ when }) => TRIGGERS[when].weighs_citations);
}
