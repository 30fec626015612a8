import { describe, expect, test } from 'vitest';
import { GATE_MARGIN, gateLearned, learnedMayRun } from '../../src/tune/gate.ts';
import type { Load } from '../../src/tune/load/format.ts';
import { writeLoad } from '../../src/tune/load/write.ts';
import type { Result } from '../../src/tune/replay/score.ts';
import type { TunerKind } from '../../src/tune/tuner.ts';
import { exampleLoads } from './make-loads.ts';

const loads = exampleLoads();
const learned = loads.get('learned.jsonl') as Load;

function result(tuner: TunerKind, score: number, seed = 1, answered = 1_000): Result {
  const times = { p50_ms: 1, p95_ms: 2, p99_ms: 3 };
  const counts = { answered, timeouts: 0, refused: 0, missed_share: 0, goodput_tokens_per_s: 1, mean_window: 1 };
  return { tuner, seed, epochs: 0, score, ...counts, latency: times, wait: times };
}

const reasonOf = (results: readonly Result[], margin?: number): string => {
  const judgement = learnedMayRun(results, margin);
  return judgement.ok ? `ok by ${judgement.margin.toFixed(3)}` : judgement.reason;
};

describe('the gate of the learned tuner', () => {
  test('opens when the worst seed beats PID by the margin', () => {
    const others = [result('static', 0.5), result('pid', 0.6)];
    expect(reasonOf([...others, result('learned', 0.63)])).toBe('ok by 0.030');
    expect(reasonOf([...others, result('learned', 0.9), result('learned', 0.61, 2)])).toContain(
      'scores 0.610 (worst of 2 seeds), PID 0.600: it wins by 0.010, and has to win by 0.020. Run pid or static',
    );
    expect(reasonOf([...others, result('learned', 0.63)], 0.05)).toContain('has to win by 0.050');
    expect(reasonOf([...others, result('learned', 0.4)])).toContain('it loses by 0.200');
  });

  test('stays closed where the static factors are better, whatever PID does', () => {
    const results = [result('static', 0.8), result('pid', 0.3), result('learned', 0.7)];
    expect(reasonOf(results)).toContain('scores 0.700 where the static factors score 0.800. Run static');
  });

  test('stays closed for results that prove nothing', () => {
    expect(reasonOf([])).toContain('not of all three tuners');
    expect(reasonOf([result('pid', 0.1), result('learned', 0.9)])).toContain('not of all three tuners');
    const all = [result('static', 0.1), result('pid', 0.1), result('learned', 0.9)];
    expect(reasonOf([...all, result('learned', NaN)])).toBe('A score is not a number.');
    expect(reasonOf(all, NaN)).toContain('has to win by NaN');
    expect(reasonOf([...all.slice(0, 2), result('learned', 0.9, 1, 20)])).toContain('has 20 calls; 200 are needed');
  });

  test('goes from the text of a load to a verdict, with what is needed to run as judged', () => {
    const verdict = gateLearned(writeLoad(learned));
    if (!verdict.ok) throw new Error(verdict.reason);
    expect(verdict.margin).toBeGreaterThan(GATE_MARGIN);
    const { factors, goal, options, state } = verdict.proof;
    expect({ factors, goal, cycle_ms: options.cycle_ms }).toEqual({
      factors: learned.factors,
      goal: learned.goal,
      cycle_ms: learned.cycle_ms,
    });
    expect(state.cells.some(({ n }) => n > 0)).toBe(true);
    expect(reasonOf(verdict.results, 0.5)).toContain('has to win by 0.500');
  });

  test.each([
    ['static.jsonl', /^The learned tuner beats PID, but scores 0\.\d{3} where the static factors score 0\.\d{3}\./],
    ['pid.jsonl', /^The learned tuner scores 0\.\d{3} \(worst of 5 seeds\), PID 0\.\d{3}: it loses by 0\.\d{3}/],
  ])('is closed on %s', (name, words) => {
    const verdict = gateLearned(writeLoad(loads.get(name) as Load));
    expect(verdict.ok ? '' : verdict.reason).toMatch(words);
  });

  test('judges the factors and the objective that are configured, where they are handed in', () => {
    const text = writeLoad(learned);
    // A window that cannot be opened leaves nothing to learn.
    const factors = { ...learned.factors, base: 2, max: 2 };
    expect(gateLearned(text, { factors })).toMatchObject({ ok: false });
    const goal = { ...learned.goal, p95_ms: 3_500 };
    const verdict = gateLearned(text, { goal });
    expect(verdict).toMatchObject({ ok: true, proof: { goal, factors: learned.factors } });
    expect(gateLearned(text, { factors: { ...learned.factors, max: 4_096 } })).toEqual({
      ok: false,
      reason: 'The window may have 4096 calls; a replay takes 1024 at most. Configure a smaller max.',
    });
  });

  test('is closed, with the reason, for what is no load or too short a one', () => {
    const reason = (text: string): string => {
      const verdict = gateLearned(text);
      return verdict.ok ? '' : verdict.reason;
    };
    expect(reason('nonsense')).toBe('The load cannot be read: line 1: is not JSON; expected an object on one line.');
    expect(reason(writeLoad({ ...learned, cycle_ms: 86_400_000 }))).toContain('Record at least two cycles');
    const short = { ...learned, train_ms: learned.duration_ms - 30_000 };
    expect(reason(writeLoad(short))).toBe('The scored part is 30000 ms; 60000 ms are needed. Record a longer load.');
  });
});
