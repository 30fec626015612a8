import type { Config, ModelConfig } from '@atp-router/adapters';
import { type EnergyProfile, type ModelSpec, powerOf } from '@atp-router/routing';
import { stateOf } from '../lifecycle/lacking.ts';
import type { Papers } from '../lifecycle/papers.ts';

/** What tokens of a model take: as the configuration says, else as a manifest does that counts, else not known. */
export function energyOf(
  model: ModelConfig,
  spec: ModelSpec,
  papers: Papers | undefined,
  { providers, registry }: Pick<Config, 'providers' | 'registry'>,
): EnergyProfile | undefined {
  const pue = providers.find(({ id }) => id === model.provider)?.pue;
  if (pue === undefined) return undefined;
  if (model.power !== undefined) return { ...model.power, pue };
  const told = papers?.manifest?.manifest.power;
  if (told === undefined || stateOf(spec, papers, { registry }).kind !== 'valid') return undefined;
  const { in_joule_per_token, out_joule_per_token } = powerOf(told);
  return { in_joule_per_token, out_joule_per_token, pue };
}
