import { AtpError } from '@atp-router/kernel';
import type { WireErrorContent } from './payloads.ts';

/** A secret that both ends hold. */
export interface SigningKey {
  readonly kid: string;
  /** At least 32 bytes, as many as the hash has (RFC 2104 §3). */
  readonly secret: Uint8Array;
  /** First millisecond since the Unix epoch at which the key is good. */
  readonly not_before_ms: number;
  /** First millisecond at which it no longer is. */
  readonly not_after_ms: number;
}

export type SignatureFault = 'unsigned' | 'unknown_kid' | 'not_yet_valid' | 'expired' | 'bad_signature';

export type SignatureVerdict =
  | { readonly ok: true; readonly kid: string }
  | { readonly ok: false; readonly fault: SignatureFault };

export type KeyLookup =
  | { readonly ok: true; readonly key: SigningKey }
  | { readonly ok: false; readonly fault: SignatureFault };

/** What a peer is told of any fault of a signature: which one it was would help only who is guessing. */
export const SIGNATURE_REFUSAL: WireErrorContent = { code: 'ESEC', reason: 'The frame was not accepted.' };

const SECRET_BYTES_MIN = 32;

/**
 * Keys by id; several are valid at a time, so that a new one can be given out before the old one ends. Never changes:
 * `with` and `without` make new rings, which a session takes over at a frame of its choice.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, SigningKey>;

  /** Throws `config_invalid` for keys that cannot be used; the message names the key and nothing of its secret. */
  constructor(keys: Iterable<SigningKey>) {
    const by_kid = new Map<string, SigningKey>();
    for (const key of keys) {
      checkKey(key);
      if (by_kid.has(key.kid)) throw new AtpError('config_invalid', `The signing key ${key.kid} exists twice.`);
      by_kid.set(key.kid, key);
    }
    this.#keys = by_kid;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The key of an id, if it is valid at that time. */
  at(kid: string, now_ms: number): KeyLookup {
    const key = this.#keys.get(kid);
    if (key === undefined) return { ok: false, fault: 'unknown_kid' };
    if (now_ms < key.not_before_ms) return { ok: false, fault: 'not_yet_valid' };
    if (now_ms >= key.not_after_ms) return { ok: false, fault: 'expired' };
    return { ok: true, key };
  }

  /** The key to sign with: of those that are valid the one that came last, so that a rotation takes effect by itself. */
  signer(now_ms: number): SigningKey | undefined {
    let best: SigningKey | undefined;
    for (const key of this.#keys.values()) {
      if (now_ms < key.not_before_ms || now_ms >= key.not_after_ms) continue;
      if (best === undefined || key.not_before_ms > best.not_before_ms) best = key;
    }
    return best;
  }

  with(key: SigningKey): KeyRing {
    return new KeyRing([...this.#keys.values(), key]);
  }

  without(kid: string): KeyRing {
    return new KeyRing([...this.#keys.values()].filter((key) => key.kid !== kid));
  }

  /** Without the keys that have ended. */
  pruned(now_ms: number): KeyRing {
    return new KeyRing([...this.#keys.values()].filter((key) => now_ms < key.not_after_ms));
  }
}

function checkKey({ kid, secret, not_before_ms, not_after_ms }: SigningKey): void {
  const wrong =
    kid.length === 0 || kid.length > 128
      ? 'its id is not 1 to 128 characters'
      : secret.length < SECRET_BYTES_MIN
        ? `its secret is shorter than ${SECRET_BYTES_MIN} bytes`
        : !(not_before_ms < not_after_ms)
          ? 'it ends before it begins'
          : undefined;
  if (wrong !== undefined) throw new AtpError('config_invalid', `The signing key ${kid} cannot be used: ${wrong}.`);
}
