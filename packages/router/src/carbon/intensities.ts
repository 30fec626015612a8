import type { CarbonConfig } from '@atp-router/adapters';

/** Grams of CO2e that a kilowatt-hour emits in a region; undefined: not known. */
export type IntensityOf = (region: string) => number | undefined;

/** As the configuration in force says. */
export function configuredIntensities(current: () => CarbonConfig): IntensityOf {
  return (region) => {
    const { intensity } = current();
    // Regions are the operator's words: `constructor` is none that he gave a number for.
    return Object.hasOwn(intensity, region) ? intensity[region] : undefined;
  };
}
