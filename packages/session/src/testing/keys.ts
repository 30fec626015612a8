import { KeyRing } from '@atp-router/wire';
import { WALL_ORIGIN_MS } from './plan.ts';

/** Keys change every so often, and each overlaps the next one by a little. */
const KEY_MS = 20_000;
const KEY_OVERLAP_MS = 2_000;
const KEYS_FROM_MS = WALL_ORIGIN_MS - 300_000;

/** The keys of both ends of a simulation; a wall clock that is set by much is outside of the time of all. */
export const SIM_KEYS: KeyRing = new KeyRing(
  Array.from({ length: 100 }, (_, n) => ({
    kid: `sim-${n}`,
    secret: Uint8Array.from({ length: 32 }, (_byte, i) => i * 7 + n),
    not_before_ms: KEYS_FROM_MS + n * KEY_MS,
    not_after_ms: KEYS_FROM_MS + (n + 1) * KEY_MS + KEY_OVERLAP_MS,
  })),
);
