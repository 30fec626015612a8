import { z } from 'zod';
import {
  arbiterSchema,
  consensusSchema,
  escalationSchema,
  fanoutSchema,
  MEMBERS_MAX,
  personaName,
  provisionalSchema,
  seed,
  temperature,
} from './schema-fanout.ts';
import { toolCapsSchema } from './schema-flow.ts';
import { int, millis, modelName, name, ratio, text, typed, usd } from './schema-parts.ts';
import type { MatchConfig, MatchValue, PersonaConfig, PolicyConfig } from './types-policy.ts';

/**
 * A condition is whatever `parseMatch` of `routing` reads: it says more precisely what is wrong than a union of schemas, and
 * it is what runs. No configuration leaves the check that it has complained of.
 */
function condition(description: string, expected: string): z.ZodOptional<z.ZodType<MatchValue>> {
  return (z.unknown() as unknown as z.ZodType<MatchValue>).meta({ description, expected }).optional();
}

/** Of the same form as the match around it, to a depth that `parseMatch` knows. */
const nested = z.unknown().meta({ description: 'A match.', expected: 'a mapping with conditions' });

const WORDS = 'a name, a list of which one has to be, or any, all, none with a list each';
const ORDERED = `${WORDS}; or a comparison such as ">=`;
const PARTS_MAX = 16;

const matchSchema: z.ZodType<MatchConfig> = typed<MatchConfig>()(
  z.strictObject({
    task_type: condition('The task type of the call (`x-atp-task-type`).', WORDS),
    qos: condition('The tier of the call. Ordered: bronze, silver, gold.', `${ORDERED}silver"`),
    data_scope: condition('Scopes of the call (`x-atp-data-scope`).', WORDS),
    model: condition(
      'The model, agent, `persona:<id>` or `auto` that the client named. An agent also counts as the model that it stands for.',
      WORDS,
    ),
    tenant: condition('Whose call it is.', WORDS),
    risk: condition('Risk of the task, a fact of it. Ordered: low, medium, high, critical.', `${ORDERED}high"`),
    languages: condition('Languages of the task, a fact of it.', WORDS),
    diff_loc: condition(
      'Changed lines of the task, a fact of it.',
      'a number, a comparison such as ">150", or a range such as "10..20"',
    ),
    tool_permissions: condition('Tool permissions that the caller has to have, each of them.', WORDS),
    security_groups: condition('Security groups of which the caller is in one.', WORDS),
    facts: z
      .record(z.string(), z.unknown() as unknown as z.ZodType<MatchValue>)
      .optional()
      .meta({
        description: 'Conditions on other facts of the task (`x-atp-facts`), by their names.',
        expected: 'a mapping of names of facts to conditions',
      }),
    all_of: z.array(nested).min(1).max(PARTS_MAX).optional().meta({ description: 'Matches that all have to hold.' }),
    any_of: z.array(nested).min(1).max(PARTS_MAX).optional().meta({
      description: 'Matches of which one has to hold.',
    }),
    not: nested.optional().meta({ description: 'A match that has to fail; it does not when a fact is unknown.' }),
  }),
);

const budget_object = z.strictObject({
  usd: usd('Most that one call may cost over all attempts, US dollars.').optional(),
  tokens: int(1, 1_000_000_000, 'Most tokens that one call may use over all attempts.').optional(),
});

/** How a call is tried: which models in which order, or several at once, within which bounds. */
export const policySchema: z.ZodType<PolicyConfig> = typed<PolicyConfig>()(
  z.strictObject({
    id: name('Name of the policy; clients may name it as `policy:<id>`.'),
    match: matchSchema.optional().meta({
      description:
        'Calls to which the policy applies without being named; every given key must hold, the first matching policy wins. Absent: only when named.',
    }),
    fallback: z
      .array(modelName('Id of a model or agent, `persona:<id>`, or `<provider>/<upstream model>`.'))
      .max(16)
      .default([])
      .meta({
        description:
          'Models or agents to try, in order; an agent is tried with its own prompt, in the tier of the call. With `fanout`: what is tried when nothing comes of it. A policy needs one of the two.',
      }),
    budget: budget_object
      .optional()
      .meta({ description: 'Bounds of one call. Absent: only the budgets of request and tenant.' }),
    max_attempts: int(1, 32, 'Attempts of one call over the whole chain, retries and hedges included.').default(6),
    hedge_after_ms: millis(
      1,
      'Start the next candidate when no byte came for this long, in milliseconds. Absent: never.',
    ).optional(),
    on_budget_exhausted: z.enum(['finish', 'error']).default('error').meta({
      description:
        'When a running stream reaches its budget: end the answer normally with reason `length`, or with the budget error.',
    }),
    min_safety_grade: z
      .enum(['A', 'B', 'C', 'D'])
      .optional()
      .meta({ description: 'Lowest safety grade that the policy uses. Absent: any.' }),
    tool_caps: toolCapsSchema.optional().meta({
      description:
        'What one call may use of tools that run at the provider, by their names as in `models[].price.tools`. A request that could use more is not sent: it has to say `max_uses`. Absent: as the request says.',
    }),
    fanout: fanoutSchema.optional().meta({ description: 'Several agents that are asked at once. Absent: one.' }),
    consensus: consensusSchema.optional().meta({
      description: 'How their answers become one. Only with `fanout`. Absent: by the mode of the fan-out.',
    }),
    provisional: provisionalSchema.optional().meta({
      description: 'When there is a result before the last answer. Only with `fanout`. Absent: never.',
    }),
    escalation: z.array(escalationSchema).max(8).default([]).meta({
      description: 'When one more is asked. Only with `fanout`.',
    }),
    arbiter: arbiterSchema.optional().meta({
      description: 'Who decides when the strategy does not. Only with `fanout`. Absent: nobody.',
    }),
    deadline_ms: millis(
      1,
      'From the arrival of the call; the result is made of what has come by then, in milliseconds. Only with `fanout`. Absent: as the call says.',
    ).optional(),
    tau_final: ratio(
      'The result is final, whoever is still to answer, once it is at least so sure, from 0 to 1; with 0 the first answer is. Only with `fanout`. Absent: when all have answered.',
    ).optional(),
  }),
);

/** An agent with a role, under a name that fan-outs and clients use. */
export const personaSchema: z.ZodType<PersonaConfig> = typed<PersonaConfig>()(
  z.strictObject({
    id: personaName,
    role: text(256, { description: 'What it is there for, in a few words; shown in reports.' }),
    model: modelName('Id of the model or agent that answers, or `<provider>/<upstream model>`.'),
    system_prompt: text(262_144, {
      description: 'Put before the messages; behind that of the agent, if it has one.',
    }).optional(),
    tools: z
      .array(text(128, { description: 'Name of a tool, as requests have it.' }))
      .max(64)
      .optional()
      .meta({ description: 'Tools of a request that it may use in a fan-out. Absent: all; an empty list: none.' }),
    qos: z.enum(['gold', 'silver', 'bronze']).optional().meta({
      description: 'Service tier of its lane, never better than that of the call. Absent: that of the call.',
    }),
    compliance: z
      .array(z.enum(['local_only', 'no_external', 'filter_pii']))
      .max(3)
      .default([])
      .meta({
        description:
          'What it is held to: `local_only`, its model runs here or in the private network; `no_external`, so does whoever else is asked in its policies; `filter_pii`, it is only asked behind a filter, or when its model is local.',
      }),
    filter: z.boolean().default(false).meta({
      description:
        'Whether it is a filter: named in `fanout.filter`, it sees the words of a client first, and what it answers is what others beyond this machine and its network see. Its model has to be local.',
    }),
    clones: int(1, MEMBERS_MAX, 'How often it is asked in a fan-out that does not say.').default(1),
    temperature: temperature.optional(),
    seed: seed.optional(),
  }),
);
