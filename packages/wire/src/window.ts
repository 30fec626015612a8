/** What may be outstanding: calls, tokens, micro-dollars. An absent member sets no limit of its kind. */
export type Window = {
  readonly max_parallel?: number;
  readonly max_tokens?: number;
  readonly max_usd_micros?: number;
};
