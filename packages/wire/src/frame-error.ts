import type { WireCode } from '@atp-router/kernel';
import type { WireErrorContent } from './payloads.ts';

/** Why bytes are not a frame, or a frame cannot be written. The list is closed; `docs/protocol/atp.md` explains each. */
export type FrameFault =
  | 'too_large'
  | 'too_deep'
  | 'too_many_items'
  | 'truncated'
  | 'trailing'
  | 'syntax'
  | 'utf8'
  | 'non_canonical'
  | 'duplicate_key'
  | 'unknown_key'
  | 'unsupported'
  | 'number'
  | 'bytes'
  | 'version'
  | 'missing'
  | 'type'
  | 'value';

/** What each fault means, in words that are safe to send to a peer: they hold nothing of the input. */
export const FRAME_FAULTS: Readonly<Record<FrameFault, string>> = {
  too_large: 'larger than the limit',
  too_deep: 'nested more deeply than the limit',
  too_many_items: 'more members and elements than the limit',
  truncated: 'the input ends within an item',
  trailing: 'bytes follow the frame',
  syntax: 'not well-formed',
  utf8: 'text that is not valid Unicode',
  non_canonical: 'not the deterministic encoding',
  duplicate_key: 'a key occurs twice',
  unknown_key: 'an integer key that is not in the table',
  unsupported: 'an item that frames do not use',
  number: 'a number that is not finite or is beyond 2^53 - 1',
  bytes: 'a $bytes mark that is not strict unpadded base64url, or not alone in its object',
  version: 'a protocol major that is not spoken here',
  missing: 'a required field is missing',
  type: 'a field of the wrong type',
  value: 'a field with a value that is not allowed',
};

export interface FramePlace {
  /** Byte of the CBOR input where the item at fault begins. */
  readonly offset?: number;
  /** The known field at fault, as `payload.cost_est.in_tokens`. Ends where names are no longer the protocol's own. */
  readonly path?: string;
}

// Duplicated installs of this package must still recognise each other's errors, so the brand is a registered symbol.
const BRAND: symbol = Symbol.for('atp-router.frame-error');

/** Where a frame was to go of which all but the payload could be read. */
export interface FrameAddress {
  readonly stream_id: string;
}

/**
 * The one error of decoders, encoders and of whatever else judges the form of frames. It names a fault of the closed
 * list and a place; its message and its content never hold a value, or a name that the peer chose.
 */
export class FrameError extends Error {
  readonly fault: FrameFault;
  readonly offset: number | undefined;
  readonly path: string | undefined;
  /** For whoever reads the frame, and for nobody else. */
  address: FrameAddress | undefined;
  readonly wire: WireCode = 'EPROTO';

  constructor(fault: FrameFault, place: FramePlace = {}) {
    super(describe(fault, place));
    this.name = 'FrameError';
    this.fault = fault;
    this.offset = place.offset;
    this.path = place.path;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The content of the `error` payload that tells the peer. */
  toContent(): WireErrorContent {
    const place = {
      ...(this.offset !== undefined && { offset: this.offset }),
      ...(this.path !== undefined && { path: this.path }),
    };
    return { code: this.wire, reason: this.message, details: { fault: this.fault, ...place } };
  }
}

export function isFrameError(value: unknown): value is FrameError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

function describe(fault: FrameFault, { offset, path }: FramePlace): string {
  const at = offset === undefined ? '' : ` at byte ${offset}`;
  const of = path === undefined || path === '' ? '' : ` in ${path}`;
  return `${FRAME_FAULTS[fault]}${of}${at} (${fault})`;
}
