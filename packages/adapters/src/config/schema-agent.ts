import { z } from 'zod';
import { millis, text, typed } from './schema-parts.ts';
import type { AgentProviderConfig } from './types.ts';

/** How agents that dial in are taken. */
export const agentProviderSchema: z.ZodType<AgentProviderConfig> = typed<AgentProviderConfig>()(
  z.strictObject({
    keys: z
      .array(text(130, { description: 'A key, as `<tenant>/<key>`.' }))
      .min(1)
      .max(1_000)
      .optional()
      .meta({
        description:
          'Keys whose agents are taken, as `<tenant>/<key>`. Absent: those of all tenants, each for the calls of its own tenant.',
      }),
    shared: z.boolean().default(false).meta({
      description:
        'Whether its agents serve the calls of all tenants, and so see their prompts. Needs `keys`. Otherwise an agent serves the tenant whose key it came with.',
    }),
    advertised_prices: z.boolean().default(false).meta({
      description:
        'Whether models of it that have no price here cost what their agents say (`usd_micros_per_mtok`). Otherwise they are unpriced.',
    }),
    auto: z.boolean().default(false).meta({
      description:
        'Whether `auto`, and policies without a chain, may choose agents that are connected and that no model is declared for. Otherwise a prompt reaches such an agent only when its caller names it.',
    }),
    burst_per_s: z.int().min(1).max(100_000).default(100).meta({
      description:
        'Tasks that one agent of it is given in a second, and at once after a pause; further ones wait. Where several providers take an agent, the least.',
    }),
    gold_overrides: z.boolean().default(false).meta({
      description:
        'Whether gold calls may go beyond the `suggested_window` of its agents (calls, tokens, money), up to what the router allows. `BUSY`, `PAUSE` and `DRAINING` bind them all the same.',
    }),
    estimate_timeout_ms: millis(
      1,
      'Time in which an agent has to answer what a task will need, in milliseconds.',
    ).default(5_000),
    reconnect_wait_ms: millis(
      0,
      'How long work waits for an agent whose connection is lost and may come back, in milliseconds; then it goes elsewhere.',
    ).default(2_000),
  }),
);
