import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answerKey,
  ConsensusSession,
  aliasTable,
  type FanoutPlan,
  readFindings,
  type SessionEffect,
  type SessionEvent,
  STRATEGY_KINDS,
  type StrategyKind,
} from '../../src/index.ts';
import { sceneOf } from './say.ts';
import { SETTINGS, viewOf } from './scenes.ts';
import { made } from './tools.ts';

const findings = JSON.stringify({
  findings: [{ claim: 'A handle leaks.', type: 'leak', file: 'a.ts', severity: 'high' }],
});
const aliases = aliasTable();

class Run {
  readonly effects: SessionEffect[] = [];
  readonly #session: ConsensusSession;

  constructor(kind: StrategyKind, lanes: number, changes: Partial<FanoutPlan> = {}) {
    const view = viewOf(
      sceneOf(
        Array.from({ length: lanes }, () => 'A'),
        { settings: { ...SETTINGS, kind } },
      ),
      0,
    );
    this.#session = new ConsensusSession({
      plan: { ...view.plan, deadline_ms: 1_000, ...changes },
      strategy: made(kind),
      arbiter: undefined,
      standing: view.standing,
      documents: [],
      read: (text, from) => ({
        key: answerKey(text, { kind: 'auto' }),
        findings: readFindings(text, from, aliases).findings,
        confidence: undefined,
      }),
      citations: () => undefined,
    });
    this.tell({ type: 'start' });
  }

  tell(event: SessionEvent): void {
    this.effects.push(...this.#session.handle(event, this.effects.length));
  }

  says(lane: number, text: string): void {
    this.tell({ type: 'admitted', lane });
    this.tell({ type: 'piece', lane, seq: 0, text });
    this.tell({ type: 'final', lane, pieces: 1, is_cut: false });
  }

  replies(reply: (prompt: string) => string | undefined): void {
    for (const effect of this.effects) {
      if (effect.type !== 'ask') continue;
      this.tell({ type: 'follow_up', id: effect.ask.id, source: 'other', text: reply(effect.ask.prompt) });
    }
  }

  asks(): number {
    return this.effects.filter(({ type }) => type === 'ask').length;
  }

  ends(): readonly SessionEffect[] {
    return this.effects.filter(({ type }) => type === 'complete' || type === 'fail');
  }
}

describe('strategies that ask, in a session', () => {
  const asked = (kind: StrategyKind): Run => {
    const run = new Run(kind, 3);
    run.says(0, 'It is B. So it is.');
    run.says(1, kind === 'two_phase' ? findings : 'It is C. So it is.');
    run.says(2, 'It is C. So it is.');
    return run;
  };

  test.each(['judge', 'two_phase', 'arbiter'] as const)(
    '%s asks once all have answered, and ends with the reply',
    (kind) => {
      const run = asked(kind);
      expect(run.asks()).toBe(1);
      expect(run.ends()).toEqual([]);
      run.replies(() => (kind === 'judge' ? 'CHOICE: A' : kind === 'two_phase' ? '1: ACK' : 'So it is. It is B.'));
      expect(run.ends()).toMatchObject([{ type: 'complete', result: { confidence: expect.any(Number) } }]);
      const doubts = run.ends().flatMap((end) => (end.type === 'complete' ? end.result.uncertainties : []));
      // The reply was taken: nothing stands in for it, and nothing is left out.
      expect(doubts.join()).not.toMatch(/judge|arbiter|ACK|taken out/);
    },
  );

  test.each(['judge', 'two_phase', 'arbiter'] as const)(
    '%s comes to a result at the deadline without the reply',
    (kind) => {
      const run = asked(kind);
      run.tell({ type: 'timer', timer: 'deadline' });
      expect(run.ends()).toMatchObject([{ type: 'complete' }]);
      expect(run.asks()).toBe(1);
    },
  );

  test.each(['judge', 'two_phase', 'arbiter'] as const)('%s asks nobody after the deadline', (kind) => {
    const run = new Run(kind, 3);
    run.says(0, 'It is B.');
    run.says(1, kind === 'two_phase' ? findings : 'It is C.');
    run.tell({ type: 'timer', timer: 'deadline' });
    expect(run.ends()).toMatchObject([{ type: 'complete' }]);
    expect(run.asks()).toBe(0);
  });
});

describe('every strategy, in a session', () => {
  const texts = ['It is B. Yes.', 'it is b! No.', 'It is C.', findings, '{"findings":[]}', '42'];
  const step = fc.record({
    lane: fc.nat(3),
    what: fc.constantFrom('says', 'says', 'says', 'fails', 'begins', 'replies', 'is_cut'),
    text: fc.constantFrom(...texts),
    reply: fc.constantFrom(undefined, 'CHOICE: A', '1: ACK', 'It is B.', findings, 'nothing'),
  });

  test.each(STRATEGY_KINDS)('%s ends exactly once, with a result where anybody has said anything', (kind) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 10 }), fc.constantFrom('diverse', 'speculative'), (steps, mode) => {
        const run = new Run(kind, 4, { mode });
        for (const { lane, what, text, reply } of steps) {
          if (what === 'says') run.says(lane, text);
          if (what === 'fails') run.tell({ type: 'failed', lane, error: { code: 'upstream_error', message: 'gone' } });
          if (what === 'begins') run.tell({ type: 'piece', lane, seq: 0, text });
          if (what === 'is_cut') run.tell({ type: 'final', lane, pieces: 1, is_cut: true });
          if (what === 'replies') run.replies(() => reply);
        }
        const told = run.effects.some(({ type }) => type === 'partial');
        run.tell({ type: 'timer', timer: 'deadline' });
        const ends = run.ends();
        expect(ends).toHaveLength(1);
        const partial = run.effects.map((effect) => (effect.type === 'partial' ? effect.text : '')).join('');
        const [end] = ends;
        if (end?.type === 'complete') expect(end.result.text.startsWith(partial)).toBe(true);
        const has_said = steps.some(({ what }) => what === 'says');
        const has_failed = steps.some(({ what }) => what === 'fails');
        if (has_said && !has_failed) expect(end?.type).toBe('complete');
        expect(told && kind !== 'streaming_merge').toBe(false);
      }),
    );
  });
});
