import { NANOS_PER_USD } from '@atp-router/kernel';

export function usdNanos(usd: number): number;
export function usdNanos(usd: number | undefined): number | undefined;
export function usdNanos(usd: number | undefined): number | undefined {
  return usd === undefined ? undefined : Math.round(usd * NANOS_PER_USD);
}
