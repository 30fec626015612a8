import { decodeCbor, decodeJson, type Frame, isFrameError, type WireLimits } from '@atp-router/wire';
import type { ReceivedFrame } from './connection.ts';

/** Reads one frame; what is none is told and not thrown. */
export function received(bytes: Uint8Array, encoding: 'json' | 'cbor', limits: WireLimits): ReceivedFrame {
  if (encoding === 'json') return attempt(bytes.length, () => decodeJson(bytes, limits));
  return attempt(bytes.length, () => decodeCbor(ownMemory(bytes), limits));
}

/**
 * Bytes in a frame of CBOR are views of what it was read from. A small frame that a session keeps would keep all that
 * came with it: up to 64 KiB of the network, or a whole body.
 */
function ownMemory(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > bytes.length * 2 ? new Uint8Array(bytes) : bytes;
}

export function attempt(bytes: number, decode: () => Frame): ReceivedFrame {
  try {
    return { bytes, frame: decode() };
  } catch (error) {
    if (isFrameError(error)) return { bytes, error };
    throw error;
  }
}
