import { Writer } from './cbor/write.ts';
import { Check } from './check/check.ts';
import { checkFrame } from './check/frame.ts';
import { digestText } from './checksum.ts';
import { type Digests, equalBytes } from './digests.ts';
import type { Frame } from './frame.ts';
import { fromBase64Url, toBase64Url } from './json/base64url.ts';
import type { KeyRing, SignatureVerdict, SigningKey } from './key-ring.ts';
import { WIRE_LIMITS, type WireLimits } from './limits.ts';

/** Neither covers itself, and either can be put on or taken off without the other. */
const UNCOVERED: ReadonlySet<string> = new Set(['sig', 'checksum']);

/**
 * Checksums and signatures of frames. Both cover the frame's deterministic CBOR without `sig` and `checksum`, in whatever
 * encoding the frame came or goes: a router that re-encodes changes nothing of it. Keeps a buffer; one per process will do.
 */
export class Sealer {
  readonly #digests: Digests;
  readonly #limits: WireLimits;
  readonly #writer: Writer = new Writer();

  constructor(digests: Digests, limits: WireLimits = WIRE_LIMITS) {
    this.#digests = digests;
    this.#limits = limits;
  }

  /** The bytes that checksum and signature cover. Throws `FrameError` for a frame that cannot be written. */
  covered(frame: Frame): Uint8Array<ArrayBuffer> {
    return this.#writer.frame(checkFrame(new Check('given', this.#limits), frame), UNCOVERED);
  }

  /** `sha256:<hex>` over the covered bytes. */
  checksum(frame: Frame): string {
    return digestText(this.#digests.sha256(this.covered(frame)));
  }

  withChecksum(frame: Frame): Frame {
    return { ...frame, checksum: this.checksum(frame) };
  }

  /** `absent` is for the session to judge: a checksum is optional. */
  checkChecksum(frame: Frame): 'absent' | 'good' | 'bad' {
    if (frame.checksum === undefined) return 'absent';
    return this.checksum(frame) === frame.checksum ? 'good' : 'bad';
  }

  /** The frame with `nonce`, `ts`, `kid` and `sig`. A nonce is used once per key; `ts` is the sender's wall clock. */
  sign(frame: Frame, key: SigningKey, stamp: { readonly nonce: string; readonly ts: number }): Frame {
    const stamped: Frame = { ...frame, ...stamp, kid: key.kid };
    return { ...stamped, sig: toBase64Url(this.#digests.hmacSha256(key.secret, this.covered(stamped))) };
  }

  /**
   * Whether a key of the ring that is valid at `now_ms` made the signature. Says nothing about replay, which takes a
   * memory of nonces. The faults are for the log; a peer is told `SIGNATURE_REFUSAL`, whatever it was.
   */
  verify(frame: Frame, ring: KeyRing, now_ms: number): SignatureVerdict {
    const { sig, kid } = frame;
    if (sig === undefined || kid === undefined) return { ok: false, fault: 'unsigned' };
    const found = ring.at(kid, now_ms);
    if (!found.ok) return found;
    const given = fromBase64Url(sig);
    const due = this.#digests.hmacSha256(found.key.secret, this.covered(frame));
    if (given === undefined || !equalBytes(given, due)) return { ok: false, fault: 'bad_signature' };
    return { ok: true, kid };
  }
}
