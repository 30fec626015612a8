/** Answers of a tenant that may be given again. */
export interface CacheConfig {
  /** Also to prompts that are only similar, from where that was found to hold. */
  readonly semantic: boolean;
  readonly threshold: number;
  readonly max_false_hits: number;
  readonly verify: number;
  readonly ttl_s: number;
  readonly max_entries: number;
  readonly any_temperature: boolean;
}
