import { AtpError, type Clock } from '@atp-router/kernel';
import type { HeldLease, LeaseResult, LeaseStore } from '@atp-router/ledger';

interface Entry {
  owner: string;
  token: number;
  expires_ms: number;
}

/** Names are roles of a router, not data: there are a handful. They are never forgotten, tokens must not start again. */
const NAMES_MAX = 10_000;

/** For one process. Forgets everything when it ends. */
export function memoryLeaseStore(clock: Clock): LeaseStore {
  const entries = new Map<string, Entry>();
  const held = ({ name, owner, token }: HeldLease): Entry | undefined => {
    const entry = entries.get(name);
    const is_held = entry?.owner === owner && entry.token === token && entry.expires_ms > clock.now_ms();
    return is_held ? entry : undefined;
  };
  return {
    async lease(name: string, owner: string, ttl_ms: number): Promise<LeaseResult> {
      const now_ms = clock.now_ms();
      const expires_ms = now_ms + ttl_ms;
      const entry = entries.get(name) ?? { owner, token: 0, expires_ms: 0 };
      const running = entry.expires_ms > now_ms;
      if (running && entry.owner !== owner) return { kind: 'taken', owner: entry.owner, expires_ms: entry.expires_ms };
      if (!entries.has(name) && entries.size >= NAMES_MAX) {
        throw new AtpError('backpressure', `More than ${NAMES_MAX} leases were asked for.`);
      }
      const token = running ? entry.token : entry.token + 1;
      entries.set(name, { owner, token, expires_ms });
      return { kind: 'held', token, expires_ms };
    },
    async renew(lease: HeldLease, ttl_ms: number): Promise<boolean> {
      const entry = held(lease);
      if (entry !== undefined) entry.expires_ms = clock.now_ms() + ttl_ms;
      return entry !== undefined;
    },
    async release(lease: HeldLease): Promise<boolean> {
      const entry = held(lease);
      if (entry !== undefined) entry.expires_ms = 0;
      return entry !== undefined;
    },
  };
}
