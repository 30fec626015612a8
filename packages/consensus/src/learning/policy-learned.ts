import { isCount, isNumber, isTime, shapeOf } from '@atp-router/kernel';
import { readScores, type ScoreRecord, ScoreTable } from '../adaptive/scores.ts';
import { type CalibrationRecord, Calibrators } from '../calibration/calibrators.ts';
import type { StrategyKind } from '../plan.ts';
import { isVoterState, type VoterState } from '../voting/state.ts';
import { Voter } from '../voting/voter.ts';
import type { FeedbackLesson, SessionLesson } from './lesson.ts';

/** Of a strategy against the one that decided, over tasks on which both were scored: sums of the differences of their gains. */
export interface RegretSums {
  readonly n: number;
  /** Above 0: it would have gained more. */
  readonly sum: number;
  readonly squares: number;
}

export interface PolicyRecord {
  readonly tick: number;
  readonly voter: VoterState;
  readonly calibration: CalibrationRecord;
  readonly scores: ScoreRecord;
  readonly regret: Readonly<Record<string, RegretSums>>;
}

const NO_REGRET: RegretSums = { n: 0, sum: 0, squares: 0 };
/** More than there are strategies. */
const KINDS_MAX = 64;
/** Whoever is right half of the time or more was right. */
const RIGHT = 0.5;

/**
 * What the sessions of one policy teach. Policies are kept apart: each has members of its own and its own form of answers, so
 * that who agrees with whom means something within one only, and whoever may give feedback on one moves no other.
 *
 * Votes fade with time. What strategies gain and how confident they may be do not: these are of the router's own code.
 */
export class PolicyLearned {
  readonly #half_life: number;
  readonly #voter: Voter = new Voter();
  #tick = 0;
  /** Both are replaced when something is learned, never changed: sessions keep those that they began with. */
  #calibrators: Calibrators = new Calibrators();
  #scores: ScoreTable = new ScoreTable();
  readonly #regret: Map<StrategyKind, RegretSums> = new Map();

  constructor(half_life_ticks: number) {
    this.#half_life = half_life_ticks;
  }

  get calibrators(): Calibrators {
    return this.#calibrators;
  }

  get scores(): ScoreTable {
    return this.#scores;
  }

  get regret(): ReadonlyMap<StrategyKind, RegretSums> {
    return this.#regret;
  }

  /** It was heard, and is told apart. */
  knows(source: string): boolean {
    return this.#voter.knows(source);
  }

  weight(source: string, cluster: string | undefined): number {
    return this.#voter.weight(source, cluster);
  }

  learn({ lanes, is_free }: SessionLesson, tick: number): void {
    const said = lanes.filter(({ is_partial, is_late }) => !is_partial && !is_late).map(saidOf);
    if (!is_free || said.filter(({ key }) => key !== '').length < 2) return;
    this.#age(tick);
    this.#voter.learn(said);
  }

  feedback({ lanes, cluster, strategy, confidence, score, gains }: FeedbackLesson, tick: number): void {
    this.#age(tick);
    const right = lanes.map((lane) => (lane.right === undefined ? undefined : lane.right >= RIGHT));
    this.#voter.feedback(lanes.map(saidOf), { kind: 'marks', right }, cluster);
    if (score !== undefined) {
      this.#calibrators = calibratorsOf(this.#calibrators.record());
      this.#calibrators.of(strategy).learn(confidence, score >= RIGHT);
    }
    this.#score(gains, strategy, cluster, score);
  }

  record(): PolicyRecord {
    return {
      tick: this.#tick,
      voter: this.#voter.state(),
      calibration: this.#calibrators.record(),
      scores: this.#scores.toJSON(),
      regret: Object.fromEntries([...this.#regret].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }

  /** Adds what another origin learned, or this one before a restart. */
  add({ tick, voter, calibration, scores, regret }: PolicyRecord): void {
    this.#age(tick);
    const other = new Voter();
    other.merge(voter);
    other.age(this.#kept(tick, this.#tick));
    this.#voter.merge(other.state());
    this.#calibrators = calibratorsOf(this.#calibrators.record(), calibration);
    this.#scores = scoresOf(this.#scores.toJSON(), scores);
    for (const [kind, sums] of Object.entries(regret)) this.#regretted(kind as StrategyKind, sums);
  }

  #score(gains: FeedbackLesson['gains'], strategy: StrategyKind, cluster: string | undefined, score?: number): void {
    // Without the others it would be known of what decides now alone, and of a part of the tasks.
    if (gains.length === 0) return;
    this.#scores = scoresOf(this.#scores.toJSON());
    if (score !== undefined) this.#scores.learn(strategy, cluster, score);
    for (const { kind, gain } of gains) {
      if (kind === strategy) continue;
      this.#scores.learn(kind, cluster, gain);
      if (score === undefined) continue;
      const difference = gain - score;
      this.#regretted(kind, { n: 1, sum: difference, squares: difference * difference });
    }
  }

  #regretted(kind: StrategyKind, { n, sum, squares }: RegretSums): void {
    const known = this.#regret.get(kind);
    if (known === undefined && this.#regret.size >= KINDS_MAX) return;
    const before = known ?? NO_REGRET;
    this.#regret.set(kind, { n: before.n + n, sum: before.sum + sum, squares: before.squares + squares });
  }

  #age(tick: number): void {
    if (tick <= this.#tick) return;
    if (this.#tick > 0) this.#voter.age(this.#kept(this.#tick, tick));
    this.#tick = tick;
  }

  #kept(since: number, tick: number): number {
    return 0.5 ** (Math.max(0, tick - since) / this.#half_life);
  }
}

function saidOf({ source, choice }: { readonly source: string; readonly choice: number }): {
  source: string;
  key: string;
} {
  return { source, key: choice < 0 ? '' : String(choice) };
}

function calibratorsOf(...records: readonly CalibrationRecord[]): Calibrators {
  const all = new Calibrators();
  for (const record of records) all.merge(record);
  return all;
}

function scoresOf(...records: readonly ScoreRecord[]): ScoreTable {
  const all = new ScoreTable();
  for (const record of records) all.merge(record);
  return all;
}

const isRegret = shapeOf({ n: isTime, sum: isNumber, squares: isTime });

export function isPolicyRecord(value: unknown): value is PolicyRecord {
  const isHead = shapeOf({
    tick: isCount,
    voter: isVoterState,
    calibration: (record) => new Calibrators().merge(record).length === 0,
    scores: (record) => readScores(record) !== undefined,
    regret: (record) =>
      shapeOf({})(record) &&
      Object.keys(record as object).length <= KINDS_MAX &&
      Object.values(record as object).every(isRegret),
  });
  return isHead(value);
}
