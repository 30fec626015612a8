import { median, type Spread } from '../stats.ts';
import type { Subject } from './subjects.ts';

/** What was found for one subject. */
export interface Row {
  readonly subject: Subject;
  readonly per_second: number;
  /** Time per operation as a multiple of the reference's, compared slice by slice; the middle 80 %. */
  readonly ratio: Spread;
}

const WARM_UP_ROUNDS = 50;

/**
 * Runs all subjects in turn, a slice of about a millisecond each, round after round. A disturbance from outside hits
 * neighbours alike, so the ratios within a round are what is reported, and not the ratio of two averages.
 */
export function measure(subjects: readonly Subject[], slice: number, rounds: number): Row[] {
  const times = subjects.map((): number[] => []);
  let sink = 0;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const [i, subject] of subjects.entries()) {
      const started = process.hrtime.bigint();
      for (let n = 0; n < slice; n += 1) sink += subject.run();
      const taken_ns = Number(process.hrtime.bigint() - started) / slice;
      if (round >= 0) times[i]?.push(taken_ns);
    }
  }
  if (Number.isNaN(sink)) throw new Error('a subject gave no number');
  return subjects.map((subject, i) => {
    const own = times[i] ?? [];
    const reference =
      times[subjects.findIndex(({ group, name }) => group === subject.group && name === subject.reference)] ?? [];
    return {
      subject,
      per_second: 1e9 / median(own),
      ratio: middle(own.map((ns, round) => ns / (reference[round] ?? Number.NaN))),
    };
  });
}

function middle(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: median(sorted), min: at(0.1), max: at(0.9) };
}
