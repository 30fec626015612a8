/** What a reader of frames accepts, and a writer makes. Checked before anything of the announced size is allocated. */
export interface WireLimits {
  /** One encoded frame: bytes of its CBOR, or of its JSON text in UTF-8. */
  readonly frame_bytes: number;
  /** Objects and arrays within each other; the frame itself is the first. As deep as request bodies may be. */
  readonly depth: number;
  /** Members of objects and elements of arrays in the whole frame: one byte of input can cost fifty of memory. */
  readonly items: number;
}

/** The limits that every implementation has to accept, and the router's defaults. */
export const WIRE_LIMITS: WireLimits = {
  frame_bytes: 1_048_576,
  depth: 64,
  items: 65_536,
};

/** The largest integer that both encodings and every language carry exactly: 2^53 − 1. */
export const INT_MAX = 9_007_199_254_740_991;
