import type { Timeline } from './types.ts';

/** When what happened in a session; each first time counts. */
export class Times implements Timeline {
  started_ms = 0;
  first_piece_ms: number | undefined;
  first_final_ms: number | undefined;
  reconciling_ms: number | undefined;
  ended_ms: number | undefined;
}
