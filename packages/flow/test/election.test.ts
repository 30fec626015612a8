import { describe, expect, test } from 'vitest';
import { DEFAULT_ELECTION, Election } from '../src/cluster/election.ts';
import { type ElectionFaults, ElectionWorld } from './support/election-world.ts';

/** `ATP_SEED` plays one history. */
const { ATP_SEED } = process.env;
const HISTORIES = 400;

describe('who holds the limits among machines', () => {
  test('is never two at once, whatever is lost, set back or stands still', { timeout: 120_000 }, () => {
    const seeds = ATP_SEED === undefined ? Array.from({ length: HISTORIES }, (_, i) => i + 1) : [Number(ATP_SEED)];
    const sums = { elected: 0, renewed: 0, late: 0, emptied: 0, set_back: 0, known: 0 };
    let slowest_ms = 0;
    for (const seed of seeds) {
      const facts = new ElectionWorld(seed).play();
      if (facts.problems.length > 0) throw new Error(`ATP_SEED=${seed}\n${facts.problems.join('\n')}`);
      sums.elected += facts.elected;
      sums.renewed += facts.renewed;
      sums.late += facts.over.late;
      sums.emptied += facts.emptied;
      sums.set_back += facts.set_back;
      sums.known += facts.known_workers;
      slowest_ms = Math.max(slowest_ms, facts.healed_ms);
    }
    // Histories in which nothing happens would prove little.
    if (seeds.length === HISTORIES)
      for (const [what, count] of Object.entries(sums)) expect(count, what).toBeGreaterThan(50);
    // What was on its way when all trouble ended may take 15 s more; then somebody leads within a watch and a look.
    expect(slowest_ms).toBeLessThan(15_000 + 1.1 * DEFAULT_ELECTION.watch_ms + 2_000);
  });

  test.each<ElectionFaults>([{ watch_ms: 5_500 }, { same_run: true }])('finds out about %o', (faults) => {
    const found = Array.from({ length: HISTORIES }, (_, i) => i + 1).some((seed) => {
      return new ElectionWorld(seed, faults).play().problems.some((problem) => problem.endsWith('decide'));
    });
    expect(found).toBe(true);
  });

  test('an answer that comes after its tenure elects nobody', () => {
    const election = new Election('a');
    const answer = { record: 'r', leader: 'a', epoch: 7, is_free: false, run: '1', workers: undefined };
    election.beat(0);
    expect(election.answered(answer, DEFAULT_ELECTION.tenure_ms).kind).toBe('candidate');
    election.beat(DEFAULT_ELECTION.tenure_ms + 500);
    expect(election.answered(answer, DEFAULT_ELECTION.tenure_ms + 501)).toEqual({
      ...{ kind: 'leads', epoch: 7, tenure_mono_ms: 2 * DEFAULT_ELECTION.tenure_ms + 500 },
    });
  });

  test('hears of a later epoch and leads no more', () => {
    const election = new Election('a');
    election.beat(0);
    election.answered({ record: 'r', leader: 'a', epoch: 7, is_free: false, run: '1', workers: undefined }, 1);
    expect(election.heard(7).kind).toBe('leads');
    expect(election.heard(8)).toEqual({ kind: 'over', reason: 'deposed' });
    expect(election.beat(10_000)).toBeUndefined();
    expect(election.due_mono_ms).toBe(Infinity);
  });

  test('takes at once what its leader has left', () => {
    const election = new Election('b');
    election.beat(0);
    election.answered({ record: 'r', leader: 'a', epoch: 7, is_free: true, run: '1', workers: undefined }, 1);
    expect(election.beat(1)).toMatchObject({ takes: { record: 'r', free: true }, known: 7 });
  });
});
