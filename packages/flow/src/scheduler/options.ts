import { DEFAULT_STARVATION, type StarvationOptions } from '../fair/starvation.ts';
import { DEFAULT_WATERMARK, type WatermarkOptions } from '../window/watermark.ts';
import type { Shares } from './shares.ts';

export interface SchedulerOptions {
  /** Demands that wait at one account; a caller behind this many is better told at once. */
  readonly waiting_per_account: number;
  /** Demands that wait in all: about 1 KB each. */
  readonly waiting: number;
  readonly marks: WatermarkOptions;
  readonly starvation: StarvationOptions;
}

export const DEFAULT_SCHEDULER: SchedulerOptions = {
  waiting_per_account: 1_000,
  waiting: 20_000,
  marks: DEFAULT_WATERMARK,
  starvation: DEFAULT_STARVATION,
};

/** What one account's queue has of its own. */
export interface QueueOptions {
  /** Parts of the account's windows that tiers have for themselves; absent: none. */
  readonly shares?: Shares | undefined;
  /** Demands that may wait here; absent: as everywhere. */
  readonly max_waiting?: number | undefined;
}
