import type { ConsensusRecord, ConsensusRow } from '../state/consensus.ts';

export interface ConsensusFilter {
  readonly tenant?: string;
  readonly policy?: string;
  readonly strategy?: string;
  readonly outcome?: string;
  /** By `started_ms`, this moment included. */
  readonly from_ms?: number;
  /** By `started_ms`, this moment excluded. */
  readonly until_ms?: number;
}

export interface ConsensusPage {
  /** Newest first, by start of the session. */
  readonly rows: readonly ConsensusRow[];
  /** Hand it in as `after` to get the next page; absent on the last one. */
  readonly next?: string;
}

/** Reads sessions of fan-outs. Writing them is the projection's work alone. */
export interface ConsensusStore {
  /** `limit` is cut to `USAGE_PAGE_MAX`. Throws `invalid_request` for an `after` that no page gave. */
  list(filter: ConsensusFilter, page: { readonly limit: number; readonly after?: string }): Promise<ConsensusPage>;
  get(call_id: string): Promise<ConsensusRecord | undefined>;
}
