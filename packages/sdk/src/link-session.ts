import type { Rng } from '@atp-router/kernel';
import { Session } from '@atp-router/session';
import {
  decodeFrame,
  decodeJson,
  type Frame,
  KeyRing,
  type Payload,
  pureDigests,
  Sealer,
  toBase64Url,
} from '@atp-router/wire';
import type { Runtime, SocketLike } from './runtime.ts';
import type { ClientOptions, ClientSigningKey } from './types.ts';

/** An attempt to connect, and the connection that came of it. */
export interface Connection {
  socket?: SocketLike;
  timer?: unknown;
  /** A socket was asked for; it has opened. */
  is_asked?: boolean;
  is_open?: boolean;
}
const SECRET_BYTES = 16;

/** A session of a client that has not begun. `token` is the key, where the hello has it. */
export function newSession(
  { crypto }: Pick<Runtime, 'crypto'>,
  rng: Rng,
  { signing_keys = [], checksums = false }: Pick<ClientOptions, 'signing_keys' | 'checksums'>,
  token: string | undefined,
): { readonly session: Session; readonly session_id: string } {
  const secret = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const session_id = secret();
  const sealer = new Sealer(pureDigests);
  const features = [...(signing_keys.length > 0 ? ['sig'] : []), ...(checksums ? ['checksum'] : [])];
  const session = new Session({
    role: 'client',
    session_id,
    // A frame with a wrong checksum is no frame (S37), whether anybody asked for checksums or not.
    ports: { rng, digests: pureDigests, secret, sealer },
    encodings: ['cbor', 'json'],
    ...(token !== undefined && { token }),
    ...(features.length > 0 && { features }),
    ...(signing_keys.length > 0 && { signing: { sealer, ring: ringOf(signing_keys) } }),
  });
  return { session, session_id };
}

export function ringOf(keys: readonly ClientSigningKey[]): KeyRing {
  return new KeyRing(
    keys.map(({ id, secret, not_before_ms = 0, not_after_ms = Number.POSITIVE_INFINITY }) => ({
      ...{ kid: id, secret: fromHex(secret), not_before_ms, not_after_ms },
    })),
  );
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

/** A frame as a socket brought it; nothing for what is none. */
export function readFrame(data: unknown): { readonly frame: Frame; readonly bytes: number } | undefined {
  try {
    if (typeof data === 'string') return { frame: decodeJson(data), bytes: data.length };
    const bytes = new Uint8Array(data as ArrayBuffer);
    return { frame: decodeFrame(bytes), bytes: bytes.length };
  } catch {
    return undefined;
  }
}

/** Codes of a close are 1000 and above (RFC 6455); 0 is none. */
export function isStatus(code: number): boolean {
  return code > 0 && code < 1_000;
}
