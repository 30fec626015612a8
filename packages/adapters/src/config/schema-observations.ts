import { z } from 'zod';
import { int, typed } from './schema-parts.ts';
import type { ObservationsConfig } from './types-observations.ts';

/** What is kept of what was asked and answered. docs/operations/observations.md. */
export const observationsSchema: z.ZodType<ObservationsConfig> = typed<ObservationsConfig>()(
  z.strictObject({
    sample: z.number().min(0).max(1).default(1).meta({
      description: 'Of the calls that may be observed so many are; 0: none. What is kept already stays.',
    }),
    retention_days: int(1, 3_650, 'Days that observations are kept at most.').default(30),
    max_bytes: int(
      1_048_576,
      1_073_741_824,
      'Bytes that all files of observations may have, compressed and sealed; beyond it the oldest go.',
    ).default(67_108_864),
    segment_bytes: int(65_536, 67_108_864, 'Size at which a new file is begun, in bytes.').default(4_194_304),
  }),
);
