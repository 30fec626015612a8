import type { IntensityMapping } from '@atp-router/routing';

/** What tokens of a model take, in joules at the machines that it runs on. */
export interface PowerConfig {
  readonly in_joule_per_token: number;
  /** Absent: as `in_joule_per_token`. */
  readonly cached_in_joule_per_token?: number | undefined;
  readonly out_joule_per_token: number;
}

/** Of a model. */
export interface Powered {
  /** Absent: as its manifest says, if that counts; else not known. */
  readonly power?: PowerConfig | undefined;
}

/** Of a provider. */
export interface Housed {
  readonly pue: number;
  /** Where its models run. Absent: each in the first of its own `regions`. */
  readonly region?: string | undefined;
}

/** What a kilowatt-hour emits where models run. */
export interface CarbonConfig {
  /** Grams of CO2e for a kilowatt-hour, by region. */
  readonly intensity: Readonly<Record<string, number>>;
  /** What it says goes before `intensity`. Absent: there is none. */
  readonly source?: CarbonSourceConfig | undefined;
}

/** A file or a server that says what a kilowatt-hour emits: one of `file` and `url`. */
export interface CarbonSourceConfig {
  readonly file?: string | undefined;
  /** With `{zone}` it is asked for each of `zones`. */
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Names of regions at the source. */
  readonly zones: Readonly<Record<string, string>>;
  readonly mapping: IntensityMapping;
  readonly refresh_s: number;
  readonly max_age_s: number;
}
