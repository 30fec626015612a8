import { LIFECYCLE_RULES } from '@atp-router/routing';
import { z } from 'zod';
import { int, millis, NAME_PATTERN, typed } from './schema-parts.ts';
import type { RegistryConfig, ShadowConfig } from './types-registry.ts';

const share = (what: string) => z.number().min(0).max(1).meta({ description: what });
const ratio = (what: string) => z.number().min(0).max(1_000).meta({ description: what });

/** Papers of models, and who moves them between statuses. docs/operations/models.md. */
export const registrySchema: z.ZodType<RegistryConfig> = typed<RegistryConfig>()(
  z.strictObject({
    signers: z
      .array(
        z.strictObject({
          id: z.string().regex(NAME_PATTERN).meta({
            description: 'As manifests name it.',
            expected: 'a name of 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
          }),
          public_key: z
            .string()
            .regex(/^[A-Za-z0-9+/]{43}=$/)
            .meta({
              description: 'Its Ed25519 key; `atp models sign` prints it.',
              expected: '32 bytes in base64, 44 characters',
            }),
        }),
      )
      .max(64)
      .default([])
      .meta({ description: 'Whose signatures under manifests count.' }),
    require: z.enum(['none', 'auto', 'any']).default('none').meta({
      description:
        'Models that need a manifest with a valid signature: none; those that `auto` chooses; all that are asked, also by name and in chains.',
    }),
    promote: z.enum(['manual', 'automatic']).default('manual').meta({
      description:
        '`manual`: the rules only say what they would do (`atp models list`). `automatic`: they do it, each `review_ms`.',
    }),
    review_ms: millis(100, 'Between two looks of the rules at all models.').default(60_000),
    rules: z
      .strictObject({
        min_samples: int(1, 5_000, 'Comparisons before a shadow is promoted: 200 tell 98 % from 95 %.').default(
          LIFECYCLE_RULES.min_samples,
        ),
        format_share: share('Of its answers can be read, at least.').default(LIFECYCLE_RULES.format_share),
        parity: ratio("Of the champions' successes, at least.").default(LIFECYCLE_RULES.parity),
        latency_ratio: ratio("Of the champions' latency, at most.").default(LIFECYCLE_RULES.latency_ratio),
        cost_ratio: ratio("Of the champions' cost, at most.").default(LIFECYCLE_RULES.cost_ratio),
        escalation_share: share('Of its calls without a whole answer, below.').default(
          LIFECYCLE_RULES.escalation_share,
        ),
        format_window: int(1, 5_000, 'Answers over which format errors of an active model are counted.').default(
          LIFECYCLE_RULES.format_window,
        ),
        format_error_share: share('Of them that cannot be read: more demotes it.').default(
          LIFECYCLE_RULES.format_error_share,
        ),
        too_dear_ratio: ratio(
          'Of the price of the cheapest active model: a model that was promoted for being cheaper and costs more is demoted.',
        ).default(LIFECYCLE_RULES.too_dear_ratio),
        drift_tenants: int(
          1,
          1_000,
          'Tenants whose results have to show that a model is worse than it was; where there are fewer, all of them.',
        ).default(LIFECYCLE_RULES.drift_tenants),
        rest_ms: millis(0, 'Between two moves of a model by the rules; a safety incident does not wait.').default(
          LIFECYCLE_RULES.rest_ms,
        ),
      })
      .prefault({})
      .meta({ description: 'When the rules promote and demote.' }),
  }),
);

/** What shadow models are asked. docs/operations/models.md. */
export const shadowSchema: z.ZodType<ShadowConfig> = typed<ShadowConfig>()(
  z.strictObject({
    sample: share(
      'Of the calls that a shadow might have answered it is asked so many; 0: none. A twentieth finds 200 in 4,000 calls.',
    ).default(0.05),
    usd_per_day: z.number().min(0).max(9_000_000).default(1).meta({
      description:
        'What all shadows may cost on a day (UTC), in US dollars: on the account `@shadow`, never on that of a tenant.',
    }),
    max_in_flight: int(1, 1_000, 'Calls of shadows at a time; what comes beyond is left out.').default(4),
    gold: z.boolean().default(false).meta({ description: 'Whether what calls of tier gold ask goes to shadows, too.' }),
    agrees_at: share(
      'Share of words that two answers in words have in common from which they count as the same; letters, numbers and JSON are the same or not.',
    ).default(0.5),
  }),
);
