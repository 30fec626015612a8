import { z } from 'zod';
import { atStart, int, NAME_PATTERN, text, typed } from './schema-parts.ts';
import {
  idempotencySchema,
  journalSchema,
  limitsSchema,
  listenSchema,
  sessionsSchema,
  shutdownSchema,
  storeSchema,
  telemetrySchema,
} from './schema-process.ts';
import { carbonSchema } from './schema-carbon.ts';
import { clusterSchema } from './schema-cluster.ts';
import { consensusSchema } from './schema-consensus.ts';
import { embeddingsSchema } from './schema-embed.ts';
import { flowSchema } from './schema-flow.ts';
import { observationsSchema } from './schema-observations.ts';
import { personaSchema, policySchema } from './schema-policy.ts';
import { registrySchema, shadowSchema } from './schema-registry.ts';
import { routingSchema } from './schema-routing.ts';
import { agentSchema, keySchema, tenantSchema } from './schema-tenancy.ts';
import { modelSchema, providerSchema } from './schema-upstream.ts';
import type { Config } from './types.ts';

/**
 * The one source of the configuration contract: shape, bounds, defaults and descriptions. It refuses unknown keys.
 * What spans several keys (references, duplicates, combinations) is in `references.ts` and `rules.ts`.
 */
export const configSchema: z.ZodType<Config> = typed<Config>()(
  z.strictObject({
    listen: listenSchema.prefault({}).meta({ description: 'Where clients connect.' }),
    data_dir: text(4_096, {
      description: 'Folder of journal and embedded store; made when missing.',
      restart: true,
    }).default('./.atp'),
    node_id: z.string().regex(NAME_PATTERN).optional().meta({
      description: 'Stable name of this process in the journal. Absent: made once and kept in `data_dir`.',
      expected: 'a name of 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
      restart: true,
    }),
    workers: atStart(
      int(
        1,
        64,
        'Processes that share the port; 1: a single process does it all. Beyond one, a further process holds the limits for all of them.',
      ),
    ).default(1),
    cluster: clusterSchema.optional().meta({
      description:
        'Machines that share their limits as one: one of them holds the limits for all. Every machine needs the same limits in its own file. Absent: this machine is alone.',
    }),
    providers: z.array(providerSchema).min(1).max(256).meta({ description: 'Upstream endpoints.' }),
    models: z.array(modelSchema).max(4_096).default([]).meta({
      description: 'Models that clients may name. At least one, unless a provider has `allow_any_model`.',
    }),
    agents: z
      .array(agentSchema)
      .max(4_096)
      .default([])
      .meta({ description: 'Models with a prompt and tier of their own.' }),
    personas: z
      .array(personaSchema)
      .max(4_096)
      .default([])
      .meta({ description: 'Agents with a role, for policies that ask several.' }),
    embeddings: embeddingsSchema.prefault({}).meta({
      description: 'What makes the vectors by which answers of several agents are compared.',
      restart: true,
    }),
    policies: z
      .array(policySchema)
      .max(1_024)
      .default([])
      .meta({ description: 'How calls are tried; the first match wins.' }),
    tenants: z.array(tenantSchema).max(10_000).default([]).meta({
      description: 'Who may call. Absent: one tenant, `default`, with a key made at the first start.',
    }),
    admin: z
      .strictObject({
        keys: z.array(keySchema).max(100).default([]).meta({ description: 'Keys of the admin API.' }),
      })
      .prefault({})
      .meta({ description: 'Access to `/admin/v1`. Without keys, one is made at the first start.' }),
    limits: limitsSchema.prefault({}).meta({ description: 'Bounds of the data plane.' }),
    flow: flowSchema.prefault({}).meta({ description: 'How what is scarce is shared out.' }),
    journal: journalSchema.prefault({}).meta({ description: 'The journal of record.' }),
    store: storeSchema.prefault({}).meta({ description: 'Where queries are answered from.' }),
    sessions: sessionsSchema.prefault({}).meta({ description: 'Sessions of the Agent Transport Protocol.' }),
    idempotency: idempotencySchema
      .prefault({})
      .meta({ description: 'Stored outcomes of requests with an idempotency key.' }),
    consensus: consensusSchema
      .prefault({})
      .meta({ description: 'Sessions in which several agents are asked: what is read, kept and learned.' }),
    routing: routingSchema.prefault({}).meta({ description: 'What `auto` chooses by.' }),
    registry: registrySchema
      .prefault({})
      .meta({ description: 'Papers of models, and who moves them between statuses.' }),
    shadow: shadowSchema.prefault({}).meta({ description: 'What models of status `shadow` are asked.' }),
    observations: observationsSchema.optional().meta({
      description:
        'Keeps what was asked and answered, without personal data and secrets that can be told by their form, sealed, of tenants with `observe: true`: to label, curate and fine-tune. Absent: no word is kept.',
    }),
    carbon: carbonSchema
      .prefault({})
      .meta({ description: 'What energy emits where models run. Models say what they take (`power`).' }),
    telemetry: telemetrySchema.prefault({}).meta({ description: 'Traces and logs. Metrics are always at `/metrics`.' }),
    shutdown: shutdownSchema.prefault({}).meta({ description: 'End of the process.' }),
  }),
);
