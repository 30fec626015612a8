import { STRATEGY_KINDS } from '@atp-router/consensus';
import { describe, expect, it } from 'vitest';
import { measureResults } from '../src/consensus/results.ts';
import { measureStreams } from '../src/consensus/streams.ts';
import { answersOf } from '../src/consensus/views.ts';

describe('the bench of consensus', () => {
  it('has a row for both baselines and for every strategy, each of which comes to a result', () => {
    const rows = measureResults({ lanes: 3, findings: 2 }, 2);
    expect(rows.map(({ name }) => name)).toEqual(['plain majority', 'concatenation', ...STRATEGY_KINDS]);
    for (const { median_ms, slowest_ms } of rows) expect(slowest_ms).toBeGreaterThanOrEqual(median_ms);
  });

  it('lets lanes find much of the same, and some that nobody else has', () => {
    const answers = answersOf({ lanes: 8, findings: 10 }, 1);
    const places = answers.flatMap(({ findings }) =>
      (findings ?? []).map(({ file, span }) => `${file}:${span?.start_line}`),
    );
    expect(places).toHaveLength(80);
    expect(new Set(places).size).toBeLessThan(70);
    expect(answersOf({ lanes: 8, findings: 10 }, 1)).toEqual(answers);
  });

  it('tells all that lanes agree on, whatever type it is set in', () => {
    for (const is_other of [false, true]) {
      const [merge, prefix] = measureStreams(3, 480, is_other);
      expect(merge?.told).toBeGreaterThan(480);
      expect(merge?.chunks).toBe(prefix?.chunks);
      expect(prefix?.told).toBe(is_other ? 0 : merge?.told);
    }
  });
});
