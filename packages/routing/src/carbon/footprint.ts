import type { Footprint, Usage } from '@atp-router/kernel';

/** What tokens of a model take, in joules at its machines, and what the data centre takes on top. */
export interface EnergyProfile {
  readonly in_joule_per_token: number;
  /** For a token that is read from the prompt cache. Absent: as any that is read. */
  readonly cached_in_joule_per_token?: number | undefined;
  /** Reasoning tokens are written as well. */
  readonly out_joule_per_token: number;
  /** Power usage effectiveness (ISO/IEC 30134-2): energy of the whole data centre for each joule of its machines, 1 or more. */
  readonly pue: number;
}

const NOTHING_KNOWN: Footprint = {};

/** Joules in a kilowatt-hour over milligrams in a gram: joules × g/kWh over this are milligrams. */
const JOULES_PER_KWH_MG = 3_600_000 / 1_000;

/** Energy of what was used, in joules to a thousandth. */
export function energyJoules(usage: Usage, profile: EnergyProfile): number {
  const { in_joule_per_token, out_joule_per_token, pue } = profile;
  const cached = Math.min(usage.cached_in_tokens, usage.in_tokens);
  const joules =
    (usage.in_tokens - cached) * in_joule_per_token +
    cached * (profile.cached_in_joule_per_token ?? in_joule_per_token) +
    usage.out_tokens * out_joule_per_token;
  return thousandths(joules * pue);
}

/** What energy emits where a kilowatt-hour emits so many grams: milligrams to a thousandth. */
export function co2eMg(energy_joules: number, g_per_kwh: number): number {
  return thousandths((energy_joules * g_per_kwh) / JOULES_PER_KWH_MG);
}

/** Of one attempt. Without a profile nothing is known of it, without an intensity its energy alone. */
export function footprintOf(
  usage: Usage,
  profile: EnergyProfile | undefined,
  g_per_kwh: number | undefined,
): Footprint {
  if (profile === undefined) return NOTHING_KNOWN;
  const energy_joules = energyJoules(usage, profile);
  return { energy_joules, co2e_mg: g_per_kwh === undefined ? undefined : co2eMg(energy_joules, g_per_kwh) };
}

/** Of all together. A sum of which a part is not known is not known either: it would read as the whole. */
export function sumFootprints(parts: readonly Footprint[]): Footprint {
  if (parts.length === 0) return NOTHING_KNOWN;
  return { energy_joules: sumOf(parts, 'energy_joules'), co2e_mg: sumOf(parts, 'co2e_mg') };
}

function sumOf(parts: readonly Footprint[], name: keyof Footprint): number | undefined {
  let sum = 0;
  for (const part of parts) {
    const value = part[name];
    if (value === undefined) return undefined;
    sum += value;
  }
  return thousandths(sum);
}

/** To the nearest thousandth, halves up. */
function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
