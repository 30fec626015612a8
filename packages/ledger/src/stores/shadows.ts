import type { ShadowCompared } from '../model-events.ts';

/** Comparisons in one answer: more than a rule looks at. */
export const COMPARISONS_MAX = 5_000;

/** Reads comparisons of shadow models, of every node of the database. */
export interface ShadowStore {
  /**
   * Those in which a model was on either side, from a time on: the newest `limit` of them, `COMPARISONS_MAX` at most, oldest
   * first. They go with the records of calls (`journal.retain_days`).
   */
  of(model: string, from_ms: number, limit: number): Promise<readonly ShadowCompared[]>;
}
