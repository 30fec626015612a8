import { ANSWER_FORMATS, CHECK_KINDS, LEARNER_KINDS, PATTERN_CHARS_MAX, SCORE_WEIGHTS } from '@atp-router/routing';
import { z } from 'zod';
import { atStart, int, modelName, name, typed } from './schema-parts.ts';
import type { RoutingConfig } from './types-routing.ts';

const checkSchema = z.strictObject({
  kind: z.enum(CHECK_KINDS).meta({
    description:
      '`format`: it has the form `form`. `schema`: it is of the JSON Schema that the request asks for, where it does. `length`: it has so many characters. `pattern`: a regular expression is found in it, or is not. `quality`: it is neither empty, nor cut off, nor a loop, nor a refusal. `safety`: it has no more secrets and personal data than the prompt. `command`: a program says so.',
  }),
  form: z
    .enum(ANSWER_FORMATS)
    .default('json')
    .meta({ description: 'Only for `format`. Code is what is in fences, with brackets that close.' }),
  min_chars: int(0, 10_000_000, 'Only for `length`.').default(1),
  max_chars: int(1, 10_000_000, 'Only for `length`.').default(100_000),
  pattern: z.string().min(1).max(PATTERN_CHARS_MAX).optional().meta({
    description:
      'Only for `pattern`: a regular expression, found anywhere unless it begins with `^`; `(?i)` at its beginning: of any case. Without back references, and without looking ahead or behind: its time is linear in the answer.',
  }),
  must_match: z.boolean().default(true).meta({
    description: 'Only for `pattern`: whether the answer is right when it is found, or when it is not.',
  }),
  command: z.array(z.string().min(1).max(1_024)).min(1).max(64).optional().meta({
    description:
      'Only for `command`: a program, by its whole path or as PATH finds it, and what it is told; no shell. It reads `{"answer", "task"}` and ends with 0 (right, or as it prints a number from 0 to 1) or 1 (wrong).',
  }),
  timeout_ms: int(
    10,
    60_000,
    'Only for `command`: then it is killed with all that it has started, and says nothing.',
  ).default(5_000),
  with_prompt: z.boolean().default(false).meta({
    description: 'Only for `command`: whether it reads what was asked as well, as `"prompt"`.',
  }),
  weight: z.number().min(0.01).max(0.5).default(0.2).meta({
    description: "How much what it says counts beside a person's word, which counts 1.",
  }),
  limit_ms: int(1, 1_000, 'A check that took longer is counted, and says nothing.').default(10),
});

function weight(of: keyof typeof SCORE_WEIGHTS, what: string) {
  const description = `What counts for so much: ${what}. What is not known of a model is half way.`;
  return z.number().min(0).max(1_000).default(SCORE_WEIGHTS[of]).meta({ description });
}

/** What `auto` chooses by. docs/operations/routing.md. */
export const routingSchema: z.ZodType<RoutingConfig> = typed<RoutingConfig>()(
  z.strictObject({
    mode: z.enum(['learned', 'static']).default('learned').meta({
      description:
        '`learned`: by what was learned of models on such prompts, see `POST /v1/feedback`. `static`: by a fixed score of capability, success, cost, latency, context and how well estimates hold.',
    }),
    static: z
      .strictObject({
        weights: z
          .strictObject({
            capability: weight('capability', 'the share of the needed capabilities that it is known to have'),
            performance: weight('performance', 'the share of its calls that succeeded'),
            cost: weight('cost', 'what the request is expected to cost'),
            latency: weight('latency', 'the p95, else `expected_latency_ms`'),
            context: weight('context', 'the context length'),
            predictability: weight('predictability', 'how well its tokens are estimated'),
            underestimate: weight('underestimate', 'how seldom it takes far more tokens than estimated'),
            quality: weight('quality', '`expected_quality`'),
            carbon: weight('carbon', 'what the request is expected to emit'),
          })
          .prefault({})
          .meta({ description: 'What each term counts for; a score is the weighted mean. At least one is above 0.' }),
        frontier_first: z.boolean().default(false).meta({
          description:
            'Whether those come first that nobody beats in all of expected cost, latency, quality and CO2e (the Pareto frontier), whatever they score. What is not known of a model is not held against it.',
        }),
      })
      .prefault({})
      .meta({ description: 'How the static score is made, which ranks where nothing is learned.' }),
    learner: atStart(
      z.enum(LEARNER_KINDS).meta({
        description:
          'Who learns. `default`: what wins where it was measured. To compare with, one model for each request: `ucb` and `thompson` count by topic and model, `linucb` weighs what is known of a prompt. What was learned stays when it is changed. Only for `learned`.',
      }),
    ).default('default'),
    plans: z.enum(['any', 'single', 'cascade']).default('any').meta({
      description:
        '`single`: one model is asked and its answer taken. `cascade`: answers are looked at, and another model asked behind them where that is worth it. `any`: for each request what is worth more; where time is worth something (`second_usd`), two may begin side by side. Only for `learned`.',
    }),
    streamed: z.enum(['any', 'single']).default('single').meta({
      description:
        'The same for requests that stream: of a cascade nothing can be sent before an answer is whole. Only for `learned`.',
    }),
    quality_usd: z.number().min(0.000_001).max(1_000).default(0.05).meta({
      description:
        'What a right answer in place of a wrong one is worth, in US dollars; a point of quality is a hundredth of it. A model that is right ten times more often in a hundred may cost a tenth of it more. `x-atp-quality` of a request goes before it.',
    }),
    second_usd: z.number().min(0).max(1_000).default(0).meta({
      description:
        'What a second less to wait for an answer is worth, in US dollars, by the p95 of a model. 0: time is free.',
    }),
    carbon_usd_per_kg: z.number().min(0).max(1_000).default(0).meta({
      description:
        'What a kilogram of CO2e less is worth, in US dollars; a tonne is a thousand times as much. It is weighed, not paid. Of whom it is not known what it emits is taken to emit as the others do. 0: carbon counts for nothing. docs/operations/carbon.md.',
    }),
    baseline: modelName(
      'Model that savings are told against: what it would have been expected to cost to ask it. Absent: of those who could be asked, the one that is dearest.',
    ).optional(),
    gain_share: z
      .strictObject({
        share: z.number().min(0).max(1).meta({ description: 'Part of what was saved against `baseline`, 0 to 1.' }),
        quality_margin: z.number().min(0).max(1).default(0.02).meta({
          description:
            'How much less right results may be than those of `baseline`, in shares of 1, and have to be proven to be. 0: not at all, which takes many words to prove.',
        }),
      })
      .meta({
        description:
          'What of savings is shared, by tenant and month, in `atp route savings --gain-share`. Nothing is booked. Absent: it is not reported.',
      })
      .optional(),
    explore: z
      .strictObject({
        usd_per_day: z.number().min(0).max(9_000_000).default(1).meta({
          description:
            'What a day (UTC) may cost more because something is tried to learn of it, in US dollars; each process has its part. 0: nothing is tried.',
        }),
        gold: z.boolean().default(false).meta({ description: 'Whether something is tried on calls of tier gold.' }),
        high_risk: z.boolean().default(false).meta({
          description: 'Whether something is tried on tasks of which the request says `risk=high`.',
        }),
      })
      .prefault({})
      .meta({ description: 'When `auto` may try what is not known to be best. Only for `learned`.' }),
    affinity: z
      .strictObject({
        enabled: z.boolean().default(true).meta({
          description:
            'Whether it counts where the beginning of a prompt is likely to be in a prompt cache: `auto` expects it at `cached_in_usd_per_mtok`, and of steps of a chain side by side that serve the same upstream model the warm one goes first.',
        }),
        spread: z.boolean().default(false).meta({
          description:
            'Whether such steps of a chain share all calls by what is under way at each. `false`: the first is asked as long as no other is warm.',
        }),
        block_tokens: atStart(
          int(16, 8_192, 'Length of the blocks in which prompts are compared, in tokens of four characters.'),
        ).default(256),
        blocks_per_target: atStart(
          int(
            64,
            1_000_000,
            'Blocks that are remembered of one model at one provider; the least recently used go first.',
          ),
        ).default(4_096),
      })
      .prefault({})
      .meta({ description: 'Warm prompt caches. docs/operations/affinity.md.' }),
    speculate: z
      .strictObject({
        after_ms: int(
          0,
          600_000,
          'How long one of a cascade is at work before the next begins, in milliseconds. 0: both begin at once.',
        ),
        chance_min: z.number().min(0.05).max(1).default(0.5).meta({
          description:
            'How likely it has to be that the next is asked, 0.05 to 1. What it costs is paid in vain where it is not.',
        }),
      })
      .meta({
        description:
          'Whoever is likely to be asked next in a cascade begins already while one is at work for long, and is stopped where it is not needed: sooner answers for more money. Absent: nobody begins early. Only for `learned`.',
      })
      .optional(),
    validators: z
      .array(
        z.strictObject({
          task_type: name('Only calls that say this `x-atp-task-type`. Absent: all.').optional(),
          policy: name('Only calls under this policy. Absent: all.').optional(),
          checks: z.array(checkSchema).min(1).max(16).meta({ description: 'What their answers are held against.' }),
        }),
      )
      .max(256)
      .default([])
      .meta({
        description:
          'What answers are held against when the client has them, of calls that `auto` has chosen for; of several that match, the first. What is found is learned of like feedback, by its weight. docs/operations/success.md.',
      }),
    judge: z
      .strictObject({
        model: modelName(
          'Model that is asked how right an answer is. It needs a price, and judges no answer of its own.',
        ),
        sample: z.number().min(0).max(1).default(0.02).meta({
          description: 'Of the answers that `auto` has chosen for it is shown so many, 0 to 1. 0: none.',
        }),
        usd_per_day: z.number().min(0).max(9_000_000).default(1).meta({
          description:
            'What it may cost on a day (UTC), in US dollars: on the account `@judge`, never on that of a tenant.',
        }),
        weight: z.number().min(0.01).max(0.9).default(0.5).meta({
          description: "How much its word counts beside a person's, which counts 1.",
        }),
        rubric: z.string().min(1).max(4_000).optional().meta({
          description:
            'What a right answer is, in words to the judge. Absent: it does what was asked, correctly and wholly.',
        }),
      })
      .optional()
      .meta({
        description:
          'A model that is shown a sample of answers to `auto` when clients have them, and says how right they are. docs/operations/success.md. Absent: nobody.',
      }),
    seed: atStart(
      int(
        0,
        2_147_483_647,
        'The same seed and the same requests, one after another, lead to the same choices: for replays. Absent: chance.',
      ),
    ).optional(),
  }),
);
