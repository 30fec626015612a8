import type { Features } from './belief.ts';
import type { TextKind } from '../features/text-kind.ts';
import type { Layout, Shown } from './layout.ts';

/** What one model that was asked for a task did, as far as routing learns of it. */
export interface AnswerRecord {
  readonly model: string;
  readonly out_tokens: number;
  /** Standard deviations that the answer is longer than usual. */
  readonly length: number;
  /** The same number for equal answers; undefined: none can be read of it. */
  readonly choice: number | undefined;
  /** No answer could be read of it: it is wrong, without anybody's word. */
  readonly unusable: boolean;
  /** What the answers showed of it. */
  readonly shown: Shown;
  /** How much better than the average model it was expected to be before anything was known. */
  readonly better: number;
}

/** A task that is over, without a word of it: all that can be learned of it, also much later. */
export interface RouteRecord {
  readonly features: Features;
  /** Topics of different lineages have nothing in common; empty: there were none. */
  readonly lineage: string;
  /** Undefined: the prompt was of no topic that was known by then. */
  readonly topic: number | undefined;
  /** What it asked for, by plain signs; absent in records of before that was told apart. */
  readonly kind?: TextKind | undefined;
  /** Id of its cluster, which stays when topics move; absent: it had none. */
  readonly cluster?: string | undefined;
  /** In the order in which they came; those who failed are not there. */
  readonly answers: readonly AnswerRecord[];
  /** Whose answer was the result; undefined: there was none. */
  readonly taken: string | undefined;
}

/** What is learned of one model of a task that is over. */
export interface Lesson {
  readonly model: string;
  readonly shown: Shown;
  /** How much better than the average model it was expected to be before anything was known. */
  readonly better: number;
  /** How right its answer was, 0 to 1. */
  readonly right: number;
}

/**
 * What a word on the result says of each that was asked: another answer than a right one is wrong. Of one that differs from a
 * wrong answer nothing is known: to learn that it is as right as was expected was tried, and made routing worse (ADR 0027).
 */
export function lessonsOf({ answers, taken }: RouteRecord, right: number): readonly Lesson[] {
  const result = answers.find(({ model }) => model === taken);
  if (result === undefined || result.unusable) return [];
  return answers.flatMap(({ model, shown, better, choice }): Lesson[] => {
    if (model === taken) return [{ model, shown, better, right }];
    if (choice === undefined || result.choice === undefined) return [];
    if (choice === result.choice) return [{ model, shown, better, right }];
    return right >= 0.5 ? [{ model, shown, better, right: 1 - right }] : [];
  });
}

/** What is wrong whatever anybody says of it. */
export function wrongOf({ answers }: RouteRecord): readonly Lesson[] {
  return answers.flatMap(({ model, shown, better, unusable }) =>
    unusable ? [{ model, shown, better, right: 0 }] : [],
  );
}

/** A task that was told apart by other topics: what else is known of it. */
export function withoutTopics(record: RouteRecord, { topics }: Layout): RouteRecord {
  const { at, value } = record.features;
  const stays = at.flatMap((place, i) => (place < 1 || place > topics ? [i] : []));
  const features = { at: stays.map((i) => at[i] ?? 0), value: stays.map((i) => value[i] ?? 0) };
  return { ...record, lineage: '', features, topic: undefined };
}

/** The record as it is kept: four digits of what is no count are as many as mean something. */
export function asKept({ features, answers, ...rest }: RouteRecord): RouteRecord {
  return {
    ...rest,
    features: { at: features.at, value: features.value.map(fourDigits) },
    answers: answers.map((one) => ({
      ...one,
      ...{ length: fourDigits(one.length), better: fourDigits(one.better) },
      shown: one.shown.map(([place, value]) => [place, fourDigits(value)] as const),
    })),
  };
}

/** As many as mean something of what is no count; 0 for what is no number. */
export function fourDigits(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 10_000) / 10_000 : 0;
}
