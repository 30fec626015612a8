import { z } from 'zod';
import { int, millis, modelName, ratio, text, typed, usd } from './schema-parts.ts';
import type {
  AimdConfig,
  FlowConfig,
  PartWindowConfig,
  SharesConfig,
  SloConfig,
  TokenWindowConfig,
  ToolCapConfig,
  ToolCapsConfig,
  TunerConfig,
} from './types-flow.ts';

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

/** Also for the rule that shares are 1 at most in all, of those that are not written. */
export const DEFAULT_SHARES: SharesConfig = { gold: 0.3, silver: 0.2, bronze: 0.05 };

const shares: z.ZodType<SharesConfig> = typed<SharesConfig>()(
  z.strictObject({
    gold: share('Of gold calls.').default(DEFAULT_SHARES.gold),
    silver: share('Of silver calls.').default(DEFAULT_SHARES.silver),
    bronze: share('Of bronze calls.').default(DEFAULT_SHARES.bronze),
  }),
);

/** What a tenant is to get, and may cost. */
export const sloSchema: z.ZodType<SloConfig> = typed<SloConfig>()(
  z.strictObject({
    p95_ms: millis(1, 'The 95th percentile of what its calls take, over the last minute, in milliseconds.').optional(),
    error_rate: ratio('Share of its calls that fail, over the last minute, from 0 to 1.').optional(),
    usd_per_hour: usd('What it spends in an hour, US dollars.').optional(),
  }),
);

const tool_cap: z.ZodType<ToolCapConfig> = typed<ToolCapConfig>()(
  z.strictObject({
    uses: int(0, 10_000, 'Most uses in one call.').optional(),
    usd: usd('Most that its uses may cost in one call, US dollars.').optional(),
  }),
);

const cap = (description: string): z.ZodOptional<z.ZodType<ToolCapConfig>> => tool_cap.optional().meta({ description });

/** What one call may use of tools that run at the provider. */
export const toolCapsSchema: z.ZodType<ToolCapsConfig> = typed<ToolCapsConfig>()(
  z.strictObject({
    web_search: cap('Searches of the web.'),
    web_search_preview: cap("Searches by OpenAI's older tool."),
    web_fetch: cap('Pages that are fetched.'),
    file_search: cap('Searches in files.'),
    code_interpreter: cap('Runs of code.'),
    google_search: cap('Prompts that are grounded in a search.'),
    google_search_retrieval: cap("Prompts that Gemini's older tool grounds."),
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

const tuner: z.ZodType<TunerConfig> = typed<TunerConfig>()(
  z.strictObject({
    model: modelName('Id of a model in `models`; the tuner moves the window of its deployment.'),
    kind: z.enum(['static', 'pid', 'learned']).meta({
      description:
        '`static`: the factors of `aimd`. `pid`: towards the latency objective. `learned`: a bandit that knows the time of day; it needs a `proof`.',
    }),
    latency_ms: millis(1, 'The objective: 95 of 100 calls are answered within this time, in milliseconds.'),
    capacity_tokens_per_s: int(
      1,
      1_000_000_000,
      'What the deployment serves when it is full and well. Only for `learned`. Absent: as its proof says.',
    ).optional(),
    proof: text(4_096, {
      description:
        'A recorded load (`atp tune record`) on which the learned tuner beats PID. It is replayed at the start, and the router does not start when it does not. A relative path starts at the folder of this file. Only for `learned`.',
    }).optional(),
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
    tuners: z.array(tuner).max(64).default([]).meta({
      description: 'Deployments whose windows a tuner moves, see `docs/operations/tuning.md`. Absent: none.',
      restart: true,
    }),
    aimd: aimd.prefault({}).meta({
      description:
        'Calls in flight at a deployment follow what comes back: fewer after trouble, one more for each window of timely answers, within `max_concurrency`.',
    }),
  }),
);
