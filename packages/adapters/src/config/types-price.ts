import type { HostedToolName } from '@atp-router/providers';

/** US dollars per million tokens; each is a whole number of micro-dollars. */
export interface PriceConfig {
  readonly in_usd_per_mtok: number;
  readonly out_usd_per_mtok: number;
  readonly cached_in_usd_per_mtok?: number | undefined;
  readonly cache_write_usd_per_mtok?: number | undefined;
  readonly reasoning_usd_per_mtok?: number | undefined;
  readonly per_request_usd: number;
  /** US dollars of one use of a tool that runs at the provider. */
  readonly tools?: { readonly [tool in HostedToolName]?: number | undefined } | undefined;
}
