import { z } from 'zod';
import { name, typed } from './schema-parts.ts';
import type { CarbonConfig, PowerConfig } from './types-carbon.ts';

function joules(description: string): z.ZodNumber {
  return z.number().min(0).max(1_000_000).meta({ description });
}

/** What tokens of a model take. docs/operations/carbon.md. */
export const powerSchema: z.ZodType<PowerConfig> = typed<PowerConfig>()(
  z.strictObject({
    in_joule_per_token: joules('For a token that is read, in joules at the machines that it runs on.'),
    cached_in_joule_per_token: joules(
      'For a token that is read from the prompt cache. Absent: as `in_joule_per_token`.',
    ).optional(),
    out_joule_per_token: joules('For a token that is written, those of reasoning included.'),
  }),
);

/** `pue` of a provider. */
export const pueSchema: z.ZodDefault<z.ZodNumber> = z.number().min(1).max(10).default(1.2).meta({
  description:
    'What its data centre takes in all for each joule that its machines take (power usage effectiveness). Only for models with `power`.',
});

/** What a kilowatt-hour emits. docs/operations/carbon.md. */
export const carbonSchema: z.ZodType<CarbonConfig> = typed<CarbonConfig>()(
  z.strictObject({
    intensity: z
      .record(name('A region.'), z.number().min(0).max(10_000).meta({ description: 'Grams.' }))
      .default({})
      .meta({
        description:
          'Grams of CO2e that a kilowatt-hour emits, by region as `models[].regions` names them. There are none built in: what is not here is not known.',
        expected: 'a mapping of regions to grams, each from 0 to 10000',
      }),
  }),
);
