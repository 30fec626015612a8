import { createHash } from 'node:crypto';
import type { Config } from '@atp-router/adapters';
import { masked } from '../admin/mask.ts';

/**
 * Identifies a configuration in events and the admin API. What `schema` marks as a secret does not enter it, nor the
 * hash of a key: whoever reads the hash could otherwise try out secrets against it.
 */
export function configHash(config: Config, schema: unknown): string {
  const text = JSON.stringify(masked(config, schema));
  return createHash('sha256').update(text).digest('hex');
}
