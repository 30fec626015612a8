import { STRATEGY_KINDS, type StrategyKind, TRIGGER_KINDS } from '@atp-router/consensus';
import { z } from 'zod';
import { int, millis, modelName, name, NAME_PATTERN, ratio, typed, usd } from './schema-parts.ts';
import type {
  ArbiterConfig,
  ConsensusConfig,
  EscalationConfig,
  FanoutConfig,
  FanoutMember,
  ProvisionalConfig,
  SelectConfig,
  TemperatureRange,
} from './types-policy.ts';

/** Clones are lanes as any other: no fan-out has more lanes. */
export const MEMBERS_MAX = 64;
/** A typing error in `clones` must not cost 64 calls; who means more says so. */
export const MEMBERS_DEFAULT = 8;
const SEED_MAX = 2_147_483_647;
const WHO = 'Id of a model or agent, `persona:<id>`, or `<provider>/<upstream model>`';

/** As providers take it: 2 is the most that any of them does. */
export const temperature: z.ZodNumber = z.number().min(0).max(2).meta({ description: 'Sampling temperature.' });
export const seed: z.ZodInt = int(0, SEED_MAX, 'Seed of its first clone; the next ones have the next numbers.');

const member: z.ZodType<FanoutMember> = typed<FanoutMember>()(
  z.strictObject({
    persona: z.string().regex(NAME_PATTERN).optional().meta({ description: 'Id of a persona.' }),
    agent: modelName('Id of an agent.').optional(),
    model: modelName('Id of a model, or `<provider>/<upstream model>`.').optional(),
    seed: seed.optional(),
    temperature: temperature.optional(),
    clones: int(1, MEMBERS_MAX, 'How often it is asked. Absent: as its persona says, else once.').optional(),
    challenger: z.boolean().default(false).meta({
      description: 'Whether its answer is only compared with those of the others, and never is the result.',
    }),
  }),
);

const range: z.ZodType<TemperatureRange> = typed<TemperatureRange>()(
  z.strictObject({ min: temperature, max: temperature }),
);

const select: z.ZodType<SelectConfig> = typed<SelectConfig>()(
  z.strictObject({
    by: z.enum(['reputation']).default('reputation').meta({
      description:
        'By what they are chosen: how sure it is that a right answer of them comes in time, as far as is known.',
    }),
    top: int(1, MEMBERS_MAX, 'How many sources are asked, clones and challengers not counted.'),
    explore: ratio(
      'How often a place goes to one of the others, so that something is learned of them, from 0 to 1. Never for tier gold.',
    ).default(0.05),
  }),
);

/** Several agents that are asked at once. */
export const fanoutSchema: z.ZodType<FanoutConfig> = typed<FanoutConfig>()(
  z.strictObject({
    mode: z.enum(['speculative', 'diverse', 'clone']).default('diverse').meta({
      description:
        '`speculative`: who is still at work is stopped as soon as the strategy is satisfied. `diverse`: all are heard. `clone`: one agent several times, with seeds and temperatures of their own.',
    }),
    agents: z
      .array(
        z.union([modelName(`${WHO}.`), member]).meta({
          description: `${WHO}; or a mapping.`,
          expected:
            'a name, or a mapping with one of persona, agent and model, and seed, temperature, clones, challenger',
        }),
      )
      .min(1)
      .max(MEMBERS_MAX)
      .meta({ description: `Who is asked. ${WHO}; or a mapping with seed, temperature, clones and challenger.` }),
    clones: int(2, MEMBERS_MAX, 'How often the one agent is asked. Only for `mode: clone`.').optional(),
    seeds: z
      .array(int(0, SEED_MAX, 'A seed.'))
      .min(1)
      .max(MEMBERS_MAX)
      .optional()
      .meta({ description: 'Seeds of the clones, one each. Only for `mode: clone`. Absent: consecutive numbers.' }),
    temperature: z.union([temperature, range]).optional().meta({
      description:
        'Temperature of whoever has none of its own; `{ min, max }` spreads them evenly, in their order. Absent: as the request says.',
      expected: 'a number from 0 to 2, or a mapping with min, max',
    }),
    width: int(
      1,
      MEMBERS_MAX,
      'Lanes at work at once; another begins when one has ended and the result is not safe. Absent: 3 for `self_consistency`, which stops once the majority is safe; else all.',
    ).optional(),
    select: select.optional().meta({
      description: 'Only the best of `agents` are asked, by what was learned of them. Absent: all are.',
    }),
    filter: z.string().regex(NAME_PATTERN).optional().meta({
      description:
        'Id of a persona with `filter: true`. It is asked first; what it answers is what members beyond this machine and its network are asked, in place of the words of the client.',
    }),
    max_members: int(
      1,
      MEMBERS_MAX,
      'Most lanes, clones included; a policy that has more is refused. A guard against typing errors.',
    ).default(MEMBERS_DEFAULT),
  }),
);

const strategy = z.enum(STRATEGY_KINDS);

/** Those that need nobody else. */
export const AMONG_DEFAULT: readonly StrategyKind[] = [
  ...(['majority', 'weighted_merge', 'self_consistency', 'evidence'] as const),
];

export const RISK_DEFAULT = 0.05;

/** How one result is made of several answers. */
export const consensusSchema: z.ZodType<ConsensusConfig> = typed<ConsensusConfig>()(
  z.strictObject({
    strategy: strategy.optional().meta({
      description:
        'How the result is made. Absent: `first_win` for `mode: speculative`, `majority` for `diverse`, `self_consistency` for `clone`.',
    }),
    answer: z
      .string()
      .regex(/^(auto|choice|number|text|json(:[A-Za-z_][A-Za-z0-9_]{0,63})?)$/)
      .default('auto')
      .meta({
        description:
          'What counts as the same answer: the letter of a choice, the last number, the words, the JSON or one field of it. `auto`: the first that fits.',
        expected: 'auto, choice, number, text, json or json:<field>',
      }),
    quorum: int(
      1,
      MEMBERS_MAX,
      'Votes that decide. Only for `majority`. Absent: more than any other answer has.',
    ).optional(),
    weights: z.enum(['learned', 'equal']).default('learned').meta({
      description: 'Whether votes count by what was learned of their sources, or each the same.',
    }),
    judge: modelName(`${WHO}. Asked by \`judge\`, and by \`two_phase\` in place of another member.`).optional(),
    judge_mode: z.enum(['pick', 'verify']).default('pick').meta({
      description: '`pick`: compares all answers. `verify`: scores each by itself.',
    }),
    risk: ratio('The chance of another outcome at which `self_consistency` stops asking, from 0 to 1.').default(
      RISK_DEFAULT,
    ),
    among: z
      .array(strategy)
      .max(STRATEGY_KINDS.length)
      .default([...AMONG_DEFAULT])
      .meta({ description: 'Strategies that `adaptive` chooses among; the default needs nobody else.' }),
    ack_severity: z.enum(['critical', 'high']).default('critical').meta({
      description: '`two_phase`: findings of at least this severity need a second agent to agree.',
    }),
  }),
);

export const provisionalSchema: z.ZodType<ProvisionalConfig> = typed<ProvisionalConfig>()(
  z.strictObject({
    quorum_min: int(1, MEMBERS_MAX, 'Answers after which there is a provisional result.').optional(),
    agree_min: ratio('Agreement of the answers so far at which there is one, from 0 to 1.').optional(),
    after_ms: millis(0, 'There is none before that time of the call, in milliseconds.').default(0),
    expiry_ms: millis(1, 'How long it may be revised, in milliseconds.').default(30_000),
  }),
);

export const escalationSchema: z.ZodType<EscalationConfig> = typed<EscalationConfig>()(
  z.strictObject({
    when: z.enum(TRIGGER_KINDS).meta({
      description:
        'What calls for one more opinion: too little confidence, too little agreement, too few citations that hold, a failed test.',
    }),
    threshold: ratio(
      'Confidence, agreement or share of good citations below which it does, from 0 to 1; not for `test_fail`. Absent: 0.5.',
    ).optional(),
    to: modelName(`Who is asked then. ${WHO}.`),
  }),
);

export const arbiterSchema: z.ZodType<ArbiterConfig> = typed<ArbiterConfig>()(
  z.strictObject({
    agent: modelName(`Who puts the result into words when nobody else can. ${WHO}. It needs a price.`),
    max_usd: usd(
      'Most that it may cost in one call, US dollars; beyond that the first answer is the result. With 0 only an agent that costs nothing can be asked.',
    ).default(0.1),
  }),
);

/** Name of a persona, where nothing else can stand. */
export const personaName: z.ZodString = name('Id of the persona; clients may name it as `persona:<id>`.');

/** What `consensus` is where a policy has none: as if it had been written out. */
export const CONSENSUS_DEFAULTS: ConsensusConfig = consensusSchema.parse({});
