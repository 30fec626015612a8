import { nanosToMicros } from '@atp-router/kernel';

/** Of an amount that may be below 0. */
export function signedMicros(usd_nanos: number): number {
  return usd_nanos < 0 ? -nanosToMicros(-usd_nanos) : nanosToMicros(usd_nanos);
}
