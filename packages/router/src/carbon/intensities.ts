import type { CarbonConfig, IntensitySource } from '@atp-router/adapters';

/** Grams of CO2e that a kilowatt-hour emits in a region; undefined: not known. */
export type IntensityOf = (region: string) => number | undefined;

/** As the source says, else as the configuration in force does. */
export function intensities(source: Pick<IntensitySource, 'at'> | undefined, current: () => CarbonConfig): IntensityOf {
  return (region) => {
    const said = source?.at(region);
    if (said !== undefined) return said;
    const { intensity } = current();
    // Regions are the operator's words: `constructor` is none that he gave a number for.
    return Object.hasOwn(intensity, region) ? intensity[region] : undefined;
  };
}
