import type { AtpError } from '@atp-router/kernel';
import { evicting, unusable } from './problems.ts';

/** Scripts with flags are of that version on. Valkey says a Redis version, too. */
const MAJOR_MIN = 7;

/** What INFO says about a server. Throws `config_invalid` when it cannot keep sessions; returns what should be otherwise. */
export function inspect(info: ReadonlyMap<string, string>): readonly AtpError[] {
  const version = info.get('redis_version') ?? '';
  if (version !== '' && Number.parseInt(version, 10) < MAJOR_MIN) {
    const shown = version.replaceAll(/[^0-9.]/g, '').slice(0, 20);
    throw unusable(`it is of version ${shown}, and 7.0 is needed (Valkey 7.2)`);
  }
  if (info.get('cluster_enabled') === '1') throw unusable('it is part of a cluster, which is not supported');
  if (info.get('role') === 'slave') throw unusable('it is a replica; name the primary');
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  return policy === 'noeviction' ? [] : [evicting(policy.replaceAll(/[^a-z-]/g, ''))];
}
