import type { WireError } from '../journal/worker-protocol.ts';
import type { KeptSession } from './types.ts';

export interface WorkerInput {
  readonly path: string;
  readonly seal_key: Uint8Array;
  /** Whether a commit waits for the disk. */
  readonly is_synced: boolean;
  /** Set for the first start, which reads what there is. */
  readonly now_ms?: number;
}

/** What becomes of one session in a commit, in this order: dropped, kept with these items, without a connection since. */
export interface SessionChanges {
  readonly born: string;
  readonly is_dropped: boolean;
  readonly session?: KeptSession;
  readonly items: ReadonlyMap<string, Uint8Array | undefined>;
  readonly since?: { readonly ms: number | undefined };
}

/** What is in the file of one session; without `items` it cannot be read. */
export interface FoundItems {
  readonly session: KeptSession;
  readonly since_ms: number;
  readonly items: readonly Uint8Array[] | undefined;
}

/** One batch is on its way at a time: what comes meanwhile is the next one. */
export type ToWorker =
  | { readonly kind: 'batch'; readonly changes: readonly SessionChanges[]; readonly now_ms: number }
  | { readonly kind: 'close' };

/** What was not taken over when the file was opened. */
export interface Opening {
  /** Where a damaged file is now. */
  readonly lost?: string;
  /** Sessions that were kept in the form of an older version, and are dropped. */
  readonly outdated?: number;
}

export type FromWorker =
  | { readonly kind: 'found'; readonly found: FoundItems }
  | ({ readonly kind: 'ready' } & Opening)
  | { readonly kind: 'not_ready'; readonly error: WireError }
  | { readonly kind: 'done'; readonly error?: WireError };
