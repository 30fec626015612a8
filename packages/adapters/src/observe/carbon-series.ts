import type { AttemptRecord } from '@atp-router/ledger';
import { type Counter, PairTable } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

/** Models that have series of their own, and regions of each; those behind them share one. */
const MODELS = { per_first: 1_000, total: 1_000 };
const MODEL_REGIONS = { per_first: 16, total: 1_000 };
const MG_PER_G = 1_000;

/** Energy of attempts and what it emitted, where it is known. */
export class CarbonSeries {
  readonly #joules: PairTable<Counter>;
  readonly #co2e_mg: PairTable<Counter>;

  constructor(registry: MetricRegistry) {
    const joules = registry.counter({
      ...{ name: 'atp_energy_joules_total', labels: ['model'] },
      help: 'Energy of attempts in joules, of models that say what they take (`models[].power`, or a manifest).',
    });
    this.#joules = new PairTable((_, model) => joules.series(model), MODELS);
    const grams = registry.counter({
      ...{ name: 'atp_co2e_grams_total', labels: ['model', 'region'], divisor: MG_PER_G },
      help: 'What that energy emitted, in grams of CO2e, of regions whose intensity is known (`carbon`).',
    });
    this.#co2e_mg = new PairTable((model, region) => grams.series(model, region), MODEL_REGIONS);
  }

  attempt({ model, energy_joules, co2e_mg, region }: AttemptRecord): void {
    if (energy_joules !== undefined) this.#joules.get('', model).inc(energy_joules);
    if (co2e_mg !== undefined && region !== undefined) this.#co2e_mg.get(model, region).inc(co2e_mg);
  }
}
