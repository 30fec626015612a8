import { z } from 'zod';
import { keyPrefix, serverCa, serverUrl, typed } from './schema-parts.ts';
import type { ClusterConfig } from './types-cluster.ts';

/** Machines that share limits: docs/operations/processes.md. */
export const clusterSchema: z.ZodType<ClusterConfig> = typed<ClusterConfig>()(
  z.strictObject({
    type: z.enum(['valkey']).meta({
      description: 'What the machines meet at: a server of Valkey (from 7.2) or Redis (from 7.0).',
      restart: true,
    }),
    url: serverUrl('Address of the server; `rediss` is TLS. The same at all machines of a cluster.'),
    ca: serverCa('PEM text of the CA of its certificate, as `${file:…}`. Absent: those that Node trusts.').optional(),
    prefix: keyPrefix(
      'Begins all keys, so that several clusters may share a server. Absent: `atp`. The same at all machines of a cluster.',
    ).optional(),
  }),
);
