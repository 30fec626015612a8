import { ALIAS_CHARS_MAX, ALIASES_MAX, HALF_LIFE_TICKS, MIN_SAMPLES } from '@atp-router/consensus';
import { z } from 'zod';
import { atStart, int, typed } from './schema-parts.ts';
import type { ConsensusSectionConfig } from './types-consensus.ts';

const aliasList = (what: string) =>
  z
    .record(z.string().max(ALIAS_CHARS_MAX), z.array(z.string().max(ALIAS_CHARS_MAX)).max(ALIASES_MAX))
    .default({})
    .meta({ description: what });

/** Sessions in which several agents are asked: what they read, keep and learn. docs/operations/consensus.md. */
export const consensusSchema: z.ZodType<ConsensusSectionConfig> = typed<ConsensusSectionConfig>()(
  z.strictObject({
    aliases: z
      .strictObject({
        types: aliasList('Types of findings, each with its other names: `{ sql_injection: [sqli, "CWE-89"] }`.'),
        severities: aliasList('The five severities, each with words for it: `{ critical: [blocker] }`.'),
        files: aliasList('Beginnings of paths, each with what stands for it: `{ "src/": ["/repo/src/"] }`.'),
      })
      .prefault({})
      .meta({
        description:
          'Names that mean the same in findings. They add to those that the router knows, and go before them.',
      }),
    reputation: z
      .strictObject({
        half_life_hours: atStart(
          int(
            1,
            87_600,
            'After how many hours what was seen of an agent counts for half. The same for all who share a store.',
          ),
        ).default(HALF_LIFE_TICKS),
        min_samples: atStart(
          int(
            1,
            10_000,
            'Lanes of an agent, each clone by itself, below which nothing is believed of it: it counts as anybody.',
          ),
        ).default(MIN_SAMPLES),
      })
      .prefault({})
      .meta({ description: 'How what is known of agents is held.' }),
    keep_answers: z.boolean().default(true).meta({
      description:
        'Whether the record of a session holds what each agent said, so that it can be looked into and replayed: encrypted, 65,536 characters of each text and 524,288 of a session at most, for as long as `journal.retain_days` says. `false`: numbers only.',
    }),
  }),
);
