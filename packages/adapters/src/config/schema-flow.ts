import { z } from 'zod';
import { int, millis, typed } from './schema-parts.ts';
import type { AimdConfig, FlowConfig, PartWindowConfig, SharesConfig, TokenWindowConfig } from './types-flow.ts';

const tokens_and_money = {
  max_tokens: int(1, 1_000_000_000, 'Tokens reserved by calls in flight. Absent: not limited here.').optional(),
  max_usd_micros: int(
    1,
    1_000_000_000_000,
    'Micro-dollars reserved by calls in flight, of which unpriced models take nothing. Absent: not limited here.',
  ).optional(),
};

/** Where calls are limited by a key of their own. */
export const tokenWindow: z.ZodType<TokenWindowConfig> = typed<TokenWindowConfig>()(z.strictObject(tokens_and_money));

/** A window of which every part may be absent, and limits nothing then. */
export const partWindow: z.ZodType<PartWindowConfig> = typed<PartWindowConfig>()(
  z.strictObject({
    max_parallel: int(1, 65_535, 'Calls in flight. Absent: not limited here.').optional(),
    ...tokens_and_money,
  }),
);

function share(words: string): z.ZodNumber {
  return z.number().min(0).max(1).meta({ description: words, expected: 'a part of the whole, from 0 to 1' });
}

const shares: z.ZodType<SharesConfig> = typed<SharesConfig>()(
  z.strictObject({
    gold: share('Of gold calls.').default(0.3),
    silver: share('Of silver calls.').default(0.2),
    bronze: share('Of bronze calls.').default(0.05),
  }),
);

const aimd: z.ZodType<AimdConfig> = typed<AimdConfig>()(
  z.strictObject({
    enabled: z.boolean().default(true).meta({
      description: 'Whether timeouts, refusals because of load and slow answers narrow the window of a deployment.',
    }),
    base: int(1, 65_535, 'Calls in flight that slow answers alone leave to it.').default(8),
    increase: z.number().min(0.01).max(1_000).default(1).meta({
      description: 'Calls that a full window of timely answers opens it by.',
      expected: 'a number from 0.01 to 1000',
    }),
    decrease: z.number().min(0.05).max(0.95).default(0.5).meta({
      description: 'Part of the window that is left after a sign of congestion.',
      expected: 'a number from 0.05 to 0.95',
    }),
    hold_ms: millis(0, 'Time between two changes of a window, in milliseconds.').default(500),
    latency_ms: millis(
      1,
      'Time to the first byte beyond which an answer is a sign of congestion, in milliseconds. Absent: only timeouts and refusals are.',
    ).optional(),
  }),
);

/** How what is scarce is shared out. */
export const flowSchema: z.ZodType<FlowConfig> = typed<FlowConfig>()(
  z.strictObject({
    window: partWindow.prefault({}).meta({ description: 'What may be in flight at once in the whole router.' }),
    shares: shares.prefault({}).meta({
      description:
        'Parts of each limited window (of the router, a provider, a deployment, a model) that a tier has for itself, 1 at most in all. What a tier does not use others have until a call of it comes. Beyond their parts better tiers go first.',
    }),
    preempt: z.boolean().default(true).meta({
      description:
        'Whether a gold call that waits although gold has less than its part stops bronze calls, then silver ones, the oldest first. A call that is stopped ends with the error `preempted`, and is billed for what it had used.',
    }),
    max_waiting: int(
      1,
      1_000_000,
      'Calls that wait in all; at the limit the newest of the worst tier is refused.',
    ).default(20_000),
    aimd: aimd.prefault({}).meta({
      description:
        'Calls in flight at a deployment follow what comes back: fewer after trouble, one more for each window of timely answers, within `max_concurrency`.',
    }),
  }),
);
