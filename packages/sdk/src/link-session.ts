import type { Rng } from '@atp-router/kernel';
import { Session, type SessionOptions } from '@atp-router/session';
import { KeyRing, type Payload, pureDigests, Sealer, toBase64Url } from '@atp-router/wire';
import type { Runtime } from './runtime.ts';
import type { ClientSigningKey } from './types.ts';

const SECRET_BYTES = 16;

/** A session of a client that has not begun. `token` is the key, where the hello has it. */
export function newSession(
  { crypto }: Pick<Runtime, 'crypto'>,
  rng: Rng,
  signing_keys: readonly ClientSigningKey[] | undefined,
  token: string | undefined,
): { readonly session: Session; readonly session_id: string } {
  const secret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const session_id = secret();
  const session = new Session({
    role: 'client',
    session_id,
    ports: { rng, digests: pureDigests, secret },
    encodings: ['cbor', 'json'],
    ...(token !== undefined && { token }),
    ...signingOf(signing_keys),
  });
  return { session, session_id };
}

function signingOf(keys: readonly ClientSigningKey[] = []): Pick<SessionOptions, 'signing' | 'features'> {
  if (keys.length === 0) return {};
  const ring = new KeyRing(
    keys.map(({ id, secret, not_before_ms = 0, not_after_ms = Number.POSITIVE_INFINITY }) => ({
      ...{ kid: id, secret: fromHex(secret), not_before_ms, not_after_ms },
    })),
  );
  return { signing: { sealer: new Sealer(pureDigests), ring }, features: ['sig'] };
}

/** Anything that is no hex makes a secret that is too short, which the ring refuses. */
function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) return new Uint8Array(0);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/** Why a session ended, for people. */
export function reasonOf(error: Payload | undefined): string {
  const content = error?.content as { readonly reason?: string } | undefined;
  return content?.reason ?? 'The session has ended.';
}
