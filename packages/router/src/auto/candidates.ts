import { type Footprint, ZERO_USAGE } from '@atp-router/kernel';
import { footprintOf, type ModelEntry, type Observed, type RequestFacts } from '@atp-router/routing';
import type { IntensityOf } from '../carbon/intensities.ts';
import { type Foreseen, foreseenOf } from './foreseen.ts';
import type { Who } from './types.ts';
import type { Weighed } from './weighed.ts';

/** What is weighed beside money. */
export interface Weights {
  readonly second_usd: number;
  readonly carbon_usd_per_kg: number;
  /** Undefined: of no region it is known what a kilowatt-hour emits. */
  readonly intensity: IntensityOf | undefined;
}

/** Who may be asked as routing weighs them: what an answer costs, with what the time and the carbon are worth that it takes. */
export function candidatesOf(
  whos: readonly Who[],
  facts: RequestFacts,
  observed: Observed,
  now_ms: number,
  { second_usd, carbon_usd_per_kg, intensity }: Weights,
  cached: (model: ModelEntry) => number = NONE,
): readonly Weighed[] {
  const priced = whos.map(({ model }) => model.price && foreseenOf(model.price, facts.in_tokens, cached(model)));
  const usual = meanOf(priced.filter((one) => one !== undefined));
  const footprints = whos.map(({ model }) => footprintsOf(model, facts.in_tokens, cached(model), intensity));
  const carbon = carbon_usd_per_kg === 0 ? [] : footprints.map((of) => carbonOf(of, carbon_usd_per_kg));
  const usual_carbon = meanOf(carbon.filter((one) => one !== undefined));
  return whos.map(({ id, model }, i) => {
    const { in_usd, out_usd_per_token } = priced[i] ?? (model.is_local === true ? FREE : usual);
    const seconds = (observed.p95_ms(model, now_ms) ?? model.expected_latency_ms ?? 0) / 1_000;
    const { expected_quality } = model;
    const emitted = carbon[i] ?? usual_carbon;
    const beside = { in_usd: second_usd * seconds + emitted.in_usd, out_usd_per_token: emitted.out_usd_per_token };
    return {
      ...{ id, beside, seconds, footprint: footprints[i] ?? NOTHING_KNOWN },
      in_usd: in_usd + beside.in_usd,
      out_usd_per_token: out_usd_per_token + beside.out_usd_per_token,
      ...(expected_quality !== undefined && { expected_quality }),
    };
  });
}

const NONE = (): number => 0;
const NOTHING_KNOWN = (): Footprint => ({});
const FREE: Foreseen = { in_usd: 0, out_usd_per_token: 0 };

/** Of whom no price is known is taken to cost as the others do: else it would be asked because nobody knows. The same holds of carbon. */
function meanOf(priced: readonly Foreseen[]): Foreseen {
  if (priced.length === 0) return FREE;
  const sum = (of: (one: Foreseen) => number): number => priced.reduce((all, one) => all + of(one), 0) / priced.length;
  return { in_usd: sum((one) => one.in_usd), out_usd_per_token: sum((one) => one.out_usd_per_token) };
}

function footprintsOf(
  { energy, region }: ModelEntry,
  in_tokens: number,
  cached_in_tokens: number,
  intensity: IntensityOf | undefined,
): Weighed['footprint'] {
  if (energy === undefined) return NOTHING_KNOWN;
  const g_per_kwh = region === undefined ? undefined : intensity?.(region);
  return (out_tokens) => footprintOf({ ...ZERO_USAGE, in_tokens, cached_in_tokens, out_tokens }, energy, g_per_kwh);
}

/** So many tokens, that thousandths of a milligram are nothing beside them. */
const MANY_TOKENS = 1_000_000;
const MG_PER_KG = 1_000_000;

/** Undefined where it is not known what an answer emits. */
function carbonOf(footprint: Weighed['footprint'], usd_per_kg: number): Foreseen | undefined {
  const [read, all] = [footprint(0).co2e_mg, footprint(MANY_TOKENS).co2e_mg];
  if (read === undefined || all === undefined) return undefined;
  const usd = (mg: number): number => (mg / MG_PER_KG) * usd_per_kg;
  return { in_usd: usd(read), out_usd_per_token: usd(all - read) / MANY_TOKENS };
}
