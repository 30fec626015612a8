import { describe, expect, test } from 'vitest';
import {
  answerKey,
  type CascadeAnswer,
  type CascadeStep,
  ConsensusSession,
  type FanoutPlan,
  type SessionEffect,
  type SessionEvent,
} from '../../src/index.ts';
import { sceneOf } from '../strategies/say.ts';
import { SETTINGS, viewOf } from '../strategies/scenes.ts';
import { made } from '../strategies/tools.ts';

const SOURCES = ['small', 'large', 'other'] as const;

/** A cascade of `small`, behind which `large` and `other` may be asked, and begin early after a second. */
class Cascade {
  readonly effects: SessionEffect[] = [];
  readonly #session: ConsensusSession;

  constructor(next: (came: readonly CascadeAnswer[]) => CascadeStep, ahead: string | undefined = 'large') {
    const { plan, standing } = viewOf(sceneOf(['A'], { settings: { ...SETTINGS, kind: 'cascade' } }), 0);
    const [member] = plan.members;
    if (member === undefined) throw new Error('nobody is asked');
    const [first, ...reserve] = SOURCES.map((source) => ({ ...member, source, model: source }));
    const own: FanoutPlan = { ...plan, members: [first ?? member], reserve, late_ms: 1_000, deadline_ms: 60_000 };
    this.#session = new ConsensusSession({
      plan: own,
      strategy: made('cascade'),
      arbiter: undefined,
      standing: { ...standing, next, ahead: () => ahead },
      documents: [],
      read: (text) => ({
        key: answerKey(text, { kind: 'auto' }),
        ...{ findings: undefined, confidence: undefined, tests_failed: undefined },
      }),
      citations: () => undefined,
    });
    this.tell({ type: 'start' });
  }

  tell(event: SessionEvent): this {
    this.effects.push(...this.#session.handle(event, this.effects.length));
    return this;
  }

  late(): this {
    return this.tell({ type: 'timer', timer: 'late' });
  }

  says(lane: number, text: string): this {
    return this.tell({ type: 'admitted', lane })
      .tell({ type: 'piece', lane, seq: 0, text })
      .tell({ type: 'final', lane, pieces: 1, is_cut: false });
  }

  get begun(): readonly string[] {
    return this.effects.flatMap((effect) => (effect.type === 'dispatch' ? [effect.member.source] : []));
  }

  get result(): string | undefined {
    return this.effects.flatMap((effect) => (effect.type === 'complete' ? [effect.result.text] : []))[0];
  }

  get came(): readonly unknown[] {
    return this.effects.filter(({ type }) => type === 'cancel' || type === 'speculated');
  }
}

const takes = (source: string): CascadeStep => ({ kind: 'take', source });
const asks = (source: string): CascadeStep => ({ kind: 'ask', source });

describe('who begins early in a cascade', () => {
  test('does so once the one before has been at work for long, and is stopped where its answer is not needed', () => {
    const run = new Cascade(() => takes('small'));
    expect(run.begun).toEqual(['small']);
    expect(run.late().begun).toEqual(['small', 'large']);
    expect(run.says(0, 'The answer is A.').result).toBe('The answer is A.');
    expect(run.came).toEqual([
      { type: 'cancel', lane: 1, reason: 'early_exit' },
      { type: 'speculated', lane: 1, source: 'large', outcome: 'accepted' },
    ]);
  });

  test('is waited for where it is needed, and was there sooner', () => {
    const run = new Cascade((came) => (came.length === 1 ? asks('large') : takes('large'))).late();
    expect(run.says(0, 'The answer is A.').result).toBeUndefined();
    expect(run.says(1, 'The answer is B.').result).toBe('The answer is B.');
    expect(run.begun).toEqual(['small', 'large']);
    expect(run.came).toEqual([{ type: 'speculated', lane: 1, source: 'large', outcome: 'rejected' }]);
  });

  test('counts only once it would have been asked, whoever answers first', () => {
    const seen: string[] = [];
    const run = new Cascade((came) => {
      seen.push(came.map(({ source }) => source).join(' '));
      return came.length === 1 ? asks('other') : takes('other');
    }).late();
    expect(run.says(1, 'The answer is B.').result).toBeUndefined();
    expect(seen).toEqual([]);
    run.says(0, 'The answer is A.').says(2, 'The answer is C.');
    expect(run.result).toBe('The answer is C.');
    expect(new Set(seen)).toEqual(new Set(['small', 'small other']));
    expect(run.came).toEqual([{ type: 'speculated', lane: 1, source: 'large', outcome: 'accepted' }]);
  });

  test('is one at a time, and nobody where nobody is likely', () => {
    expect(new Cascade(() => takes('small')).late().late().begun).toEqual(['small', 'large']);
    expect(new Cascade(() => takes('small'), '').late().begun).toEqual(['small']);
    expect(new Cascade(() => takes('small'), 'a stranger').late().begun).toEqual(['small']);
  });

  test('that has failed is done without', () => {
    const run = new Cascade(() => asks('large')).late();
    run.tell({ type: 'failed', lane: 1, error: { code: 'upstream_error', message: 'gone' } });
    run.says(0, 'The answer is A.');
    expect(run.result).toBe('The answer is A.');
  });
});
