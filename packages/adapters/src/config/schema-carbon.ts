import { z } from 'zod';
import { atStart, headers, int, name, text, typed } from './schema-parts.ts';
import type { CarbonConfig, CarbonSourceConfig, PowerConfig } from './types-carbon.ts';

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

/** `region` of a provider. */
export const regionSchema: z.ZodOptional<z.ZodString> = name(
  'Where its models run, for what their energy emits. Absent: each in the first of its own `regions`.',
).optional();

function member(description: string): z.ZodString {
  return z
    .string()
    .max(256)
    .regex(/^[^.\s]+(\.[^.\s]+)*$|^$/)
    .meta({ description, expected: 'the name of a member, with dots between those inside each other' });
}

const mappingSchema = z.strictObject({
  list: member('Of the list of rows. Empty: what it says is the list, or the one row.').default(''),
  region: member('Of the region; where zones are asked for, it is known.').default('region'),
  g_per_kwh: member('Of the number.').default('g_per_kwh'),
  valid_from: member('Of the time from which it holds; where that is absent it has always held.').default('valid_from'),
  valid_to: member('Of the time until which it holds; where that is absent it holds for ever.').default('valid_to'),
  factor: z.number().min(0.000_001).max(1_000_000).default(1).meta({
    description: 'Grams for a kilowatt-hour in one of its units: 0.4536 for pounds for a megawatt-hour.',
  }),
});

const sourceSchema: z.ZodType<CarbonSourceConfig> = typed<CarbonSourceConfig>()(
  z.strictObject({
    file: text(4_096, {
      description: 'A file of comma-separated values, or JSON, of at most 4 MiB; beside this file or absolute.',
    }).optional(),
    url: z
      .string()
      .max(2_048)
      .regex(/^https?:\/\/[^\s#@\\]+$/)
      .meta({
        description:
          'An address that answers JSON of at most 4 MiB within ten seconds. `{zone}`: it is asked for each of `zones`.',
        expected: 'an http:// or https:// address without user or fragment',
      })
      .optional(),
    headers: headers('Headers sent to `url`, such as a key as `${ENV}`.'),
    zones: z
      .record(name('A region.'), text(128, { description: 'Its name at the source.' }))
      .refine((zones) => Object.keys(zones).length <= 64)
      .default({})
      .meta({
        description: 'Names of regions at the source, up to 64: they are asked for one after another.',
        expected: 'a mapping of up to 64 regions to names',
      }),
    mapping: mappingSchema.prefault({}).meta({ description: 'Where values stand in what it says.' }),
    refresh_s: int(1, 86_400, 'How often it is read, in seconds.').default(300),
    max_age_s: int(
      1,
      31_536_000,
      'How long what was read holds when it cannot be read again, in seconds; from then on `intensity` counts.',
    ).default(7_200),
  }),
);

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
    source: atStart(
      sourceSchema.meta({
        description:
          'A file or a server that says it as it changes; where it says nothing of a region, `intensity` counts.',
      }),
    ).optional(),
  }),
);
