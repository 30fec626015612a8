import type { PairCounts } from './pairs.ts';
import { at } from './triangle.ts';

/** Agreement that is drawn from all pairs, in prompts: a pair seen less often than this says little by itself. */
const PRIOR_PROMPTS = 30;
/** Above this part of all pairs, agreement off the plurality speaks for a source. */
const FLOOR_QUANTILE = 0.75;
/**
 * No pair agrees more than each of the two does with this part of the others, two others at least: a family of models, which
 * err alike, does not make itself the leader.
 */
const CAP_QUANTILE = 0.85;
const CAP_PARTNERS_MIN = 2;
/** With so few others a quantile is one of them. */
const CAP_OTHERS_MIN = 4;
/** Standard errors by which a pair must be above the floor. */
const FLOOR_ERRORS = 1;
/** Strength of the belief that all are alike, in units of agreement; without signal it decides alone. */
const ALIKE = 0.05;
/** Sources that agree on more of all prompts than this are one voice. */
const SAME_AGREEMENT = 0.95;
/** Groups that are told to be one voice, at most. */
const GROUPS_MAX = 3;
const POWER_STEPS = 60;

/**
 * How far each source may be followed, 0 to 1, from agreement alone: the leading eigenvector of agreement off the plurality, as
 * in spectral meta-learners (Parisi, Strino, Nadler & Kluger 2014), with what correlation of errors takes from it (Jaffe et al.
 * 2016): copies are one voice, and a group that nobody outside sides with is one voice too. Without signal all are alike.
 */
export function spectralWeights(pairs: PairCounts, rows: number): Float64Array {
  const one_voice = sameVoices(pairs, rows);
  let weights = leading(pairs, rows, one_voice);
  for (let group = 0; group < GROUPS_MAX; group += 1) {
    const inside = Array.from(weights, (weight) => weight >= 0.5);
    if (!standsAlone(pairs, inside, one_voice)) break;
    for (let i = 0; i < rows; i += 1)
      for (let j = 0; j < i; j += 1) if (inside[i] === true && inside[j] === true) one_voice[at(i, j)] = 1;
    weights = leading(pairs, rows, one_voice);
  }
  return weights;
}

function sameVoices({ agree, both }: PairCounts, rows: number): Uint8Array {
  const same = new Uint8Array(at(rows, 0));
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1)
      same[at(i, j)] = ((agree[at(i, j)] ?? 0) + 1) / ((both[at(i, j)] ?? 0) + 2) > SAME_AGREEMENT ? 1 : 0;
  return same;
}

/** The eigenvector by power iteration, squared, its largest part 1. */
function leading(pairs: PairCounts, rows: number, one_voice: Uint8Array): Float64Array {
  const size = new Float64Array(rows).fill(1);
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < rows; j += 1) if (i !== j && one_voice[at(i, j)] === 1) size[i] = (size[i] ?? 1) + 1;
  const beyond = excess(pairs, rows, one_voice);
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1)
      beyond[at(i, j)] = (beyond[at(i, j)] ?? 0) / Math.sqrt((size[i] ?? 1) * (size[j] ?? 1));
  let vector = new Float64Array(rows).fill(1);
  for (let step = 0; step < POWER_STEPS; step += 1) {
    const total = vector.reduce((sum, x) => sum + x, 0);
    const next = new Float64Array(rows);
    let length = 0;
    for (let i = 0; i < rows; i += 1) {
      let sum = 0.01 * (vector[i] ?? 0) + (ALIKE / rows) * total;
      for (let j = 0; j < rows; j += 1) if (i !== j) sum += (beyond[at(i, j)] ?? 0) * (vector[j] ?? 0);
      next[i] = sum;
      length += sum * sum;
    }
    vector = next.map((x) => x / Math.sqrt(length));
  }
  const weights = vector.map((x, i) => (x * x) / (size[i] ?? 1));
  const most = weights.reduce((max, x) => Math.max(max, x), 0);
  return weights.map((x) => x / most);
}

/** Agreement off the plurality that is above the floor by more than its error; 0 for pairs of one voice. */
function excess(pairs: PairCounts, rows: number, one_voice: Uint8Array): Float64Array {
  const pool = pooled(pairs, rows);
  const rates = new Float64Array(at(rows, 0));
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1) {
      const cell = at(i, j);
      const known = ((pairs.off_agree[cell] ?? 0) + PRIOR_PROMPTS * pool) / ((pairs.off[cell] ?? 0) + PRIOR_PROMPTS);
      rates[cell] = one_voice[cell] === 1 ? pool : known;
    }
  const capped = rows > CAP_OTHERS_MIN ? cap(rates, rows, one_voice) : rates;
  const all: number[] = [];
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1) if (one_voice[at(i, j)] !== 1) all.push(capped[at(i, j)] ?? 0);
  const floor = quantile(all, FLOOR_QUANTILE);
  return capped.map((rate, cell) => {
    if (one_voice[cell] === 1) return 0;
    const error = Math.sqrt((rate * (1 - rate)) / ((pairs.off[cell] ?? 0) + PRIOR_PROMPTS));
    return Math.max(0, rate - floor - FLOOR_ERRORS * error);
  });
}

function pooled({ off, off_agree }: PairCounts, rows: number): number {
  let [agreed, seen] = [1, 3];
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1) {
      agreed += off_agree[at(i, j)] ?? 0;
      seen += off[at(i, j)] ?? 0;
    }
  return agreed / seen;
}

function cap(rates: Float64Array, rows: number, one_voice: Uint8Array): Float64Array {
  const caps = Array.from({ length: rows }, (_, i) => {
    const others: number[] = [];
    for (let j = 0; j < rows; j += 1) if (j !== i && one_voice[at(i, j)] !== 1) others.push(rates[at(i, j)] ?? 0);
    return capOf(others);
  });
  const capped = rates.slice();
  for (let i = 0; i < rows; i += 1)
    for (let j = 0; j < i; j += 1) capped[at(i, j)] = Math.min(rates[at(i, j)] ?? 0, caps[i] ?? 0, caps[j] ?? 0);
  return capped;
}

function capOf(others: number[]): number {
  others.sort((a, b) => a - b);
  const place = Math.min(others.length - 1 - CAP_PARTNERS_MIN, Math.floor(CAP_QUANTILE * (others.length - 1)));
  return others[Math.max(0, place)] ?? 0;
}

function quantile(values: number[], q: number): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(q * (values.length - 1))] ?? 0;
}

/**
 * Whether a group agrees with itself alone. Sources outside that are right now and then side with a group that is right more
 * than with each other; with a group that copies, less. A z-test for each source outside; it has to be clear over all of them.
 */
function standsAlone(pairs: PairCounts, inside: readonly boolean[], one_voice: Uint8Array): boolean {
  const group = inside.filter(Boolean).length;
  if (group < 2 || inside.length - group < 3) return false;
  const scores: number[] = [];
  for (const [j, is_inside] of inside.entries()) {
    const score = is_inside ? undefined : sidingOf(pairs, j, inside, one_voice);
    if (score !== undefined) scores.push(score);
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return scores.length >= 3 && Math.max(...scores) < 1 && mean < -1;
}

/** By how many standard errors a source agrees more with the group than with the one in the middle of the others. */
function sidingOf(
  { off, off_agree }: PairCounts,
  j: number,
  inside: readonly boolean[],
  one_voice: Uint8Array,
): number | undefined {
  let [agreed, seen, others_seen] = [0, 0, 0];
  const others: number[] = [];
  for (const [i, is_inside] of inside.entries()) {
    const cell = at(i, j);
    if (i === j) continue;
    if (is_inside) {
      agreed += off_agree[cell] ?? 0;
      seen += off[cell] ?? 0;
    } else if (one_voice[cell] !== 1) {
      others.push(((off_agree[cell] ?? 0) + 0.5) / ((off[cell] ?? 0) + 1));
      others_seen += (off[cell] ?? 0) + 1;
    }
  }
  if (others.length === 0 || seen === 0) return undefined;
  others.sort((a, b) => a - b);
  const middle = others[others.length >> 1] ?? 0;
  return (agreed / seen - middle) / Math.sqrt(middle * (1 - middle) * (1 / seen + 1 / others_seen) + 1e-9);
}
