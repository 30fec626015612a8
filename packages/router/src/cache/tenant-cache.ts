import type { CacheConfig } from '@atp-router/adapters';
import { AnswerCache, ReuseGate } from '@atp-router/routing';

/** An answer as it is kept, in memory and nowhere else. */
export interface Kept {
  readonly text: string;
  /** Who gave it. */
  readonly model: string;
}

/** What became of requests that might have been answered from the cache. */
export type CacheOutcome = 'exact' | 'similar' | 'miss' | 'compared_same' | 'compared_different';

export const CACHE_OUTCOMES: readonly CacheOutcome[] = [
  ...(['exact', 'similar', 'miss', 'compared_same', 'compared_different'] as const),
];

/** Of all answers of one tenant. */
const BYTES_MAX = 16_777_216;

/** The answers of one tenant, and what is known of how far like prompts have like answers. */
export class TenantCache {
  readonly settings: CacheConfig;
  readonly answers: AnswerCache<Kept>;
  readonly gate: ReuseGate;
  readonly counts: Record<CacheOutcome, number> = {
    ...{ exact: 0, similar: 0, miss: 0, compared_same: 0, compared_different: 0 },
  };

  constructor(settings: CacheConfig) {
    const { max_entries: entries_max, ttl_s, max_false_hits, threshold: floor } = settings;
    this.settings = settings;
    this.answers = new AnswerCache({ entries_max, bytes_max: BYTES_MAX, ttl_ms: ttl_s * 1_000 });
    this.gate = new ReuseGate({ max_false_hits, floor });
  }
}
