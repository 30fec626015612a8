import { decodeCbor, decodeJson, type Frame, isFrameError, type WireLimits } from '@atp-router/wire';
import type { ReceivedFrame } from './connection.ts';

/** Reads one frame; what is none is told and not thrown. */
export function received(bytes: Uint8Array, encoding: 'json' | 'cbor', limits: WireLimits): ReceivedFrame {
  return attempt(bytes.length, () => (encoding === 'cbor' ? decodeCbor(bytes, limits) : decodeJson(bytes, limits)));
}

export function attempt(bytes: number, decode: () => Frame): ReceivedFrame {
  try {
    return { bytes, frame: decode() };
  } catch (error) {
    if (isFrameError(error)) return { bytes, error };
    throw error;
  }
}
