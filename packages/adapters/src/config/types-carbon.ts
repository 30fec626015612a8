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
}

/** What a kilowatt-hour emits where models run. */
export interface CarbonConfig {
  /** Grams of CO2e for a kilowatt-hour, by region. */
  readonly intensity: Readonly<Record<string, number>>;
}
