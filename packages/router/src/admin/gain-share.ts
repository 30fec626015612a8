import type { GainShareConfig } from '@atp-router/adapters';
import { nanosToMicros } from '@atp-router/kernel';
import { type RouteDay, SAVINGS_SUMS_MAX, type SavingsFilter, type SavingsStore } from '@atp-router/ledger';
import { gainShareOf, parityOf } from '@atp-router/routing';
import { guessed } from './route-observations.ts';
import { signedMicros } from './signed-micros.ts';

/** Sums of one tenant in one month. */
interface Month {
  readonly tenant: string;
  /** `YYYY-MM`. */
  readonly month: string;
  saved_usd_nanos: number;
  words: number;
  gap_bp: number;
  gap_squared_bp: number;
  weight_bp: number;
  weight_squared_bp: number;
}

/** What of savings is shared, by tenant and month. Nothing is booked. */
export async function gainShares(
  store: SavingsStore,
  filter: SavingsFilter,
  { share, quality_margin }: GainShareConfig,
): Promise<object> {
  const days = await store.sums(filter, ['day', 'tenant']);
  const truncated = days.length >= SAVINGS_SUMS_MAX;
  const data = monthsOf(days).map((one) => {
    const parity = parityOf(
      {
        words: one.words,
        gap: one.gap_bp / BP,
        gap_squared: one.gap_squared_bp / BP,
        weight: one.weight_bp / BP,
        weight_squared: one.weight_squared_bp / BP,
      },
      quality_margin,
    );
    return {
      ...{ tenant: one.tenant, month: one.month, saved_usd_micros: signedMicros(one.saved_usd_nanos) },
      ...{ quality: parity.kind, words: one.words, effective: Math.round(parity.effective * 10) / 10 },
      quality_gap: guessed(parity.gap),
      // Of a part of a month that may have been picked nothing is shared.
      gain_share_usd_micros:
        truncated || !isWhole(one.month, filter)
          ? null
          : nanosToMicros(gainShareOf(one.saved_usd_nanos, parity, share)),
    };
  });
  return { share, quality_margin, data, truncated };
}

/** The range has all days of the month that there are. */
function isWhole(month: string, { from_day: from, until_day: to }: SavingsFilter): boolean {
  return (from === undefined || from <= `${month}-01`) && (to === undefined || to >= lastDayOf(month));
}

function lastDayOf(month: string): string {
  const [year, number] = month.split('-').map(Number);
  return `${month}-${new Date(Date.UTC(year ?? 0, number ?? 0, 0)).getUTCDate()}`;
}

/** Ten-thousandths of which sums are made. */
const BP = 10_000;

/** In the order of the days, then of tenants. */
function monthsOf(days: readonly RouteDay[]): readonly Month[] {
  const months = new Map<string, Month>();
  for (const day of days) {
    const { tenant } = day;
    const month = day.day.slice(0, 'YYYY-MM'.length);
    const key = `${month} ${tenant}`;
    const sums = months.get(key) ?? {
      ...{ tenant, month, saved_usd_nanos: 0, words: 0, gap_bp: 0, gap_squared_bp: 0, weight_bp: 0 },
      weight_squared_bp: 0,
    };
    months.set(key, sums);
    sums.saved_usd_nanos += day.baseline_usd_nanos - day.spent_usd_nanos;
    sums.words += day.words;
    sums.gap_bp += day.gap_bp;
    sums.gap_squared_bp += day.gap_squared_bp;
    sums.weight_bp += day.weight_bp;
    sums.weight_squared_bp += day.weight_squared_bp;
  }
  return [...months].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sums]) => sums);
}
