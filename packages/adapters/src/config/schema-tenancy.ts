import { z } from 'zod';
import { partWindow, sloSchema } from './schema-flow.ts';
import { int, modelName, name, text, typed, usd } from './schema-parts.ts';
import type { CacheConfig } from './types-cache.ts';
import type { AgentConfig, KeyConfig, SigningKeyConfig, TenantConfig, TenantKeyConfig } from './types.ts';

const qos = z.enum(['gold', 'silver', 'bronze']);

/** A key is stored as its hash only; `atp keys create` makes both. */
const key = {
  id: name('Name of the key, for kill switches, logs and usage. Unique within the tenant.'),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .meta({
      description: '`sha256:` and the SHA-256 of the key in lower-case hex. The key itself is never written down.',
      writeOnly: true,
      expected: '"sha256:" and 64 lower-case hex digits, as `atp keys create` prints',
    }),
};

export const keySchema: z.ZodType<KeyConfig> = typed<KeyConfig>()(z.strictObject(key));

const RIGHTS_MAX = 64;
const permissions = z.array(name('A tool permission.')).max(RIGHTS_MAX);
const groups = z.array(name('A security group.')).max(RIGHTS_MAX);

const tenantKeySchema: z.ZodType<TenantKeyConfig> = typed<TenantKeyConfig>()(
  z.strictObject({
    ...key,
    tool_permissions: permissions.optional().meta({
      description: 'Those of the tenant that callers with this key have. Absent: all of them.',
    }),
    security_groups: groups.optional().meta({
      description: 'Those of the tenant that callers with this key are in. Absent: all of them.',
    }),
  }),
);

/** A model with a prompt and a tier of its own, under a name that clients use as a model. */
export const agentSchema: z.ZodType<AgentConfig> = typed<AgentConfig>()(
  z.strictObject({
    id: modelName('Name that clients use. Shares one name space with models.'),
    model: modelName('Id of the model that answers, or `<provider>/<upstream model>`.'),
    system_prompt: text(262_144, { description: 'Put before the messages of each request.' }).optional(),
    qos: qos.default('silver').meta({ description: "Service tier of its calls, capped by the tenant's `qos_max`." }),
    window: partWindow
      .prefault({})
      .meta({ description: 'What may be in flight at once under this name, of all tenants.' }),
  }),
);

const tenant_budget = z.strictObject({
  usd_per_day: usd('US dollars per UTC day.').optional(),
  tokens_per_day: int(0, 1_000_000_000_000, 'Tokens, in and out, per UTC day.').optional(),
  calls_per_day: int(0, 1_000_000_000, 'Calls per UTC day.').optional(),
});

// Upper bounds are those of the ATP frame's `window`. The defaults let four prompts of a million tokens run at once.
const window_object = z.strictObject({
  max_parallel: int(1, 1_000, 'Calls in flight.').default(64),
  max_tokens: int(1, 10_000_000, 'Tokens reserved by calls in flight.').default(4_000_000),
  max_usd_micros: int(
    1,
    10_000_000_000,
    'Micro-dollars reserved by calls in flight. Absent: 100000000, of which unpriced models take nothing; written down, it is a budget in money, so they are refused.',
  ).optional(),
});

const MOMENT = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** JavaScript takes the 30th of February for the 2nd of March. */
function isInCalendar(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 19));
}

function moment(description: string): z.ZodString {
  const expected = 'a time in UTC that there is, such as 2026-12-01T00:00:00Z';
  return z.string().regex(MOMENT).refine(isInCalendar).meta({ description, expected });
}

/** Of a rotation: the new key is given to clients before it begins, the old one ends when all have it. */
const signing_key: z.ZodType<SigningKeyConfig> = typed<SigningKeyConfig>()(
  z.strictObject({
    id: name('Id of the key, as frames have it in `kid`. Unique within the tenant.'),
    secret: z
      .string()
      .regex(/^([0-9a-fA-F]{2}){32,256}$/)
      .meta({
        description: 'The secret that both ends hold, in hex: at least 32 bytes (`openssl rand -hex 32`).',
        writeOnly: true,
        expected: '64 to 512 hex digits, an even number of them',
      }),
    not_before: moment('First moment at which it is good. Absent: always.').optional(),
    not_after: moment('First moment at which it no longer is. Absent: never.').optional(),
  }),
);

const cache_object: z.ZodType<CacheConfig> = typed<CacheConfig>()(
  z.strictObject({
    semantic: z.boolean().default(false).meta({
      description:
        'Also to requests whose last message is only similar, from the similarity on that was found to hold.',
    }),
    threshold: z.number().min(0.1).max(0.99).default(0.8).meta({
      description: 'Least similarity (cosine) at which answers are compared, and so may be given again.',
    }),
    max_false_hits: z.number().min(0.001).max(0.5).default(0.01).meta({
      description: 'Share of answers to similar requests that may differ from what would have been said, at most.',
    }),
    verify: z.number().min(0.001).max(1).default(0.05).meta({
      description: 'Part of the similar requests that is asked all the same, to compare.',
    }),
    ttl_s: int(1, 2_592_000, 'How long an answer may be given again, in seconds.').default(3_600),
    max_entries: int(
      1,
      4_000,
      'Answers kept of the tenant; the oldest go first. They take 16 MiB at most. With `semantic` each request is held against all of its scope.',
    ).default(1_000),
    any_temperature: z.boolean().default(false).meta({
      description: 'Whether answers to requests with a temperature above 0 are kept, too.',
    }),
  }),
);

/** Whoever pays: keys, rights and budgets. */
export const tenantSchema: z.ZodType<TenantConfig> = typed<TenantConfig>()(
  z.strictObject({
    id: name('Name of the tenant; usage and budgets are kept under it across reloads.'),
    keys: z.array(tenantKeySchema).max(1_000).default([]).meta({ description: 'Keys of the tenant.' }),
    qos_max: qos.default('silver').meta({ description: 'Best service tier that its calls may ask for.' }),
    data_scopes: z.array(name('A data scope.')).max(64).optional().meta({
      description:
        'Data scopes that its calls may name in `x-atp-data-scope`. Absent: any. A model with scopes of its own is open to calls of which it has every scope; a call that names none may carry all of its tenant, and is kept from such models where those are absent or empty.',
    }),
    tool_permissions: permissions.default([]).meta({
      description: 'Tool permissions of its callers, for policies that ask for some. A call may only narrow them.',
    }),
    security_groups: groups.default([]).meta({
      description: 'Security groups of its callers, for policies that ask for some. A call may only narrow them.',
    }),
    budget: tenant_budget.prefault({}).meta({ description: 'Budgets of a day. An absent one does not limit.' }),
    at_limit: z.enum(['reject', 'wait', 'degrade']).default('reject').meta({
      description:
        'When a window is full or a budget spent: refuse with 429, wait until it fits (bounded by the deadline), or use a cheaper candidate that fits.',
    }),
    window: window_object.prefault({}).meta({ description: 'What may be in flight at once.' }),
    key_window: partWindow.prefault({}).meta({ description: 'What may be in flight at once with each of its keys.' }),
    session_window: partWindow
      .prefault({})
      .meta({ description: 'What may be in flight at once in each of its ATP sessions.' }),
    weight: z.number().min(0.01).max(1_000).default(1).meta({
      description:
        'Its share among tenants of a tier that wait for the same thing, in tokens: one of weight 2 gets twice as many as one of weight 1.',
      expected: 'a number from 0.01 to 1000',
    }),
    slo: sloSchema.optional().meta({
      description:
        'Objectives of the tenant. While one of them is broken its bronze calls are refused, and silver ones too when that does not help; gold never.',
    }),
    models: z
      .array(
        text(192, {
          description: 'A model or agent id, `policy:<id>`, `auto`, `<provider>/<upstream model>` or `<provider>/*`.',
        }),
      )
      .min(1)
      .max(4_096)
      .optional()
      .meta({ description: 'What its clients may name as `model`. Absent: everything.' }),
    signing_keys: z.array(signing_key).max(16).default([]).meta({
      description:
        'Keys for signed frames of ATP sessions. Any that is good now is accepted; the router signs with the one that began last.',
    }),
    require_signatures: z.boolean().default(false).meta({
      description: 'Whether ATP sessions have to be signed. Needs `signing_keys`; says nothing of HTTP.',
    }),
    cache: cache_object.optional().meta({
      description:
        'Answers are kept in memory and given again to requests that ask the same, with the same earlier turns and options: at no cost, and saying so. docs/operations/cache.md. Absent: none are kept.',
    }),
    share_learning: z.boolean().default(false).meta({
      description:
        'Whether what `auto` learns of its calls counts for the other tenants that share, and what it learns of theirs for this one, up to a bound. `false`: its own calls alone teach what it gets.',
    }),
    observe: z.boolean().default(false).meta({
      description: 'Whether what its calls ask and get may be kept, see `observations`. `false`: no word of it is.',
    }),
    implicit_signals: z.boolean().default(false).meta({
      description:
        'Whether what a client asks next counts a little as a word on the answer before it: the same again, a correction, a conversation that goes on; and whether it hangs up while a stream comes. `false`: nothing is learned of that. docs/operations/success.md.',
    }),
  }),
);
