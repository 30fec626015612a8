import type { HttpExchange } from '@atp-router/adapters';
import type { Principal } from '@atp-router/identity';
import { AtpError } from '@atp-router/kernel';
import type { Generation } from '../generation/generation.ts';

export type Sha256 = (data: string | Uint8Array) => string;

/** Who sent a request. Throws `unauthorized`. */
export function authenticate(exchange: HttpExchange, generation: Generation, sha256: Sha256): Principal {
  const result = generation.keys.authenticate(
    { authorization: exchange.header('authorization'), 'x-api-key': exchange.header('x-api-key') },
    sha256,
  );
  if (!result.ok) throw result.error;
  return result.principal;
}

/** A tenant's key for the data plane; an admin key cannot spend money. */
export function authenticateTenant(
  exchange: HttpExchange,
  generation: Generation,
  sha256: Sha256,
): Principal & { kind: 'tenant' } {
  const principal = authenticate(exchange, generation, sha256);
  if (principal.kind === 'tenant') return principal;
  throw new AtpError('policy_denied', 'An admin key cannot be used for model calls. Use a key of a tenant.');
}

/** An admin key for `/admin/v1`. */
export function authenticateAdmin(
  exchange: HttpExchange,
  generation: Generation,
  sha256: Sha256,
): Principal & { kind: 'admin' } {
  const principal = authenticate(exchange, generation, sha256);
  if (principal.kind === 'admin') return principal;
  throw new AtpError('policy_denied', 'This key belongs to a tenant. The admin API has keys of its own.');
}
