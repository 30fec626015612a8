import {
  decodeCbor,
  decodeJson,
  encodeCbor,
  encodeJson,
  type Frame,
  isFrameError,
  type Sealer,
} from '@atp-router/wire';

const UTF8 = new TextEncoder();

/** The checksum does not cover the signature, so the seal has a copy of it among the members that frames do not know. */
const SIG_COPY = 'sim_sig';

/**
 * A frame on its way. Where bits are flipped it carries a checksum, as plain bytes on TCP or TLS do: a flip that leaves a
 * frame readable, and changes what it means, could not be told otherwise. The session sees the frame without it.
 */
export function encodeSealed(frame: Frame, encoding: 'json' | 'cbor', sealer: Sealer | undefined): Uint8Array {
  const sealed = sealer?.withChecksum({ ...frame, ...(frame.sig && { [SIG_COPY]: frame.sig }) }) ?? frame;
  return encoding === 'cbor' ? encodeCbor(sealed) : UTF8.encode(encodeJson(sealed));
}

/** Undefined for what cannot be read, or does not fit its seal. */
export function decodeSealed(bytes: Uint8Array, sealer: Sealer | undefined): Frame | undefined {
  try {
    const first = bytes[0] ?? 0;
    const frame = first >= 0xa0 && first <= 0xbf ? decodeCbor(bytes) : decodeJson(bytes);
    if (sealer === undefined) return frame;
    if (sealer.checkChecksum(frame) !== 'good') return undefined;
    const { checksum: _checksum, [SIG_COPY]: copy, ...rest } = frame as Frame & { readonly [SIG_COPY]?: unknown };
    return copy === rest.sig ? rest : undefined;
  } catch (error) {
    if (isFrameError(error)) return undefined;
    throw error;
  }
}
