import type { Frame } from '../frame.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { Check } from './check.ts';
import { checkFrame } from './frame.ts';

/** Throws `FrameError` for a frame that no encoding carries, of whatever size: it will be cut. */
export function assertCarried(frame: Frame, limits: WireLimits = WIRE_LIMITS): void {
  checkFrame(new Check('given', limits), frame);
}
