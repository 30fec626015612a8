import { COUNT_MAX, type Footprint, type Usage } from '@atp-router/kernel';

/** What one attempt took. */
export interface AttemptFootprint extends Footprint {
  /** Where its model runs. */
  readonly region?: string | undefined;
}

/** What is known of something, in whole thousandths, so that sums are exact in any order. What is not known adds nothing. */
export interface FootprintSum {
  readonly energy_millijoules: number;
  readonly co2e_micrograms: number;
}

export function knownOf({ energy_joules, co2e_mg }: Footprint): FootprintSum {
  return { energy_millijoules: thousandths(energy_joules), co2e_micrograms: thousandths(co2e_mg) };
}

/** Whether a call lacks a number: 1 or 0 of each. One that used nothing lacks none. */
export function unknownOf({ energy_joules, co2e_mg, usage }: Footprint & { readonly usage: Usage }): {
  readonly calls_without_energy: number;
  readonly calls_without_co2e: number;
} {
  const used = usage.in_tokens + usage.out_tokens > 0;
  return {
    calls_without_energy: Number(used && energy_joules === undefined),
    calls_without_co2e: Number(used && co2e_mg === undefined),
  };
}

function thousandths(value: number | undefined): number {
  return value === undefined ? 0 : Math.min(COUNT_MAX, Math.round(value * 1_000));
}
