import type { WireError } from '../journal/worker-protocol.ts';
import type { ItemChange } from './shelf.ts';
import type { KeptSession } from './types.ts';

export interface WorkerInput {
  readonly path: string;
  readonly seal_key: Uint8Array;
  /** Whether a commit waits for the disk. */
  readonly is_synced: boolean;
  /** Set for the first start, which reads what there is. */
  readonly now_ms?: number;
}

export type Change =
  | { readonly kind: 'save'; readonly session: KeptSession; readonly items: readonly ItemChange[] }
  | { readonly kind: 'since'; readonly born: string; readonly since_ms: number | undefined }
  | { readonly kind: 'drop'; readonly born: string };

/** What is in the file of one session; without `items` it cannot be read. */
export interface FoundItems {
  readonly session: KeptSession;
  readonly since_ms: number;
  readonly items: readonly Uint8Array[] | undefined;
}

/** One batch is on its way at a time: what comes meanwhile is the next one. */
export type ToWorker =
  | { readonly kind: 'batch'; readonly changes: readonly Change[]; readonly now_ms: number }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'found'; readonly found: FoundItems }
  /** `lost`: where a damaged file is now. */
  | { readonly kind: 'ready'; readonly lost?: string }
  | { readonly kind: 'not_ready'; readonly error: WireError }
  | { readonly kind: 'done'; readonly error?: WireError };
