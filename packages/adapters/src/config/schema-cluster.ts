import { z } from 'zod';
import { text, typed } from './schema-parts.ts';
import type { ClusterConfig } from './types-cluster.ts';

/** Machines that share limits: docs/operations/processes.md. */
export const clusterSchema: z.ZodType<ClusterConfig> = typed<ClusterConfig>()(
  z.strictObject({
    type: z.enum(['valkey']).meta({
      description: 'What the machines meet at: a server of Valkey (from 7.2) or Redis (from 7.0).',
      restart: true,
    }),
    url: z
      .string()
      .max(2_048)
      .regex(/^rediss?:\/\/\S+$/)
      .meta({
        description: 'Address of the server; `rediss` is TLS. The same at all machines of a cluster.',
        expected: 'redis://user:password@host:port/database',
        writeOnly: true,
        restart: true,
      }),
    ca: text(262_144, {
      description: 'PEM text of the CA of its certificate, as `${file:…}`. Absent: those that Node trusts.',
      restart: true,
    }).optional(),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/)
      .optional()
      .meta({
        description:
          'Begins all keys, so that several clusters may share a server. Absent: `atp`. The same at all machines of a cluster.',
        expected: '1 to 64 of A-Z a-z 0-9 _ . -',
        restart: true,
      }),
  }),
);
