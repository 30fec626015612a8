import { digestText } from '../checksum.ts';
import type { Digests } from '../digests.ts';
import { DEFAULT_QOS, type Frame, unsealed } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { jsonText } from '../json/encode.ts';
import type { FragmentSeal, Payload } from '../payloads.ts';
import type { WireValue } from '../value.ts';
import { leafDigest, merkleRoot } from './merkle.ts';
import { FRAGMENT_POLICY, type FragmentPolicy } from './policy.ts';

const UTF8 = new TextEncoder();
/** The longest code point: a piece that is smaller could never get on. */
const PIECE_BYTES_MIN = 4;

/** A piece of content, the bytes that its digest covers, and the digest. */
interface Piece {
  readonly content: string | Uint8Array;
  readonly bytes: number;
  readonly digest: Uint8Array;
}

/**
 * The frames that carry a message: the frame itself when its content is small enough, else fragments. The first has all
 * members of the frame; the others only what lane and tier need. `MORE` is on all but the last, which has the seal. Frames
 * are not signed yet: each is signed for itself afterwards, so `nonce`, `ts`, `kid`, `sig` and `checksum` are left out.
 * Bytes are not copied.
 */
export function splitFrame(frame: Frame, digests: Digests, policy: FragmentPolicy = FRAGMENT_POLICY): readonly Frame[] {
  const { payload } = frame;
  if (payload?.content === undefined) return [frame];
  const sizes = policy[frame.qos ?? DEFAULT_QOS];
  const { body, form } = bodyOf(payload.content);
  const limit = body instanceof Uint8Array ? sizes.binary_bytes : sizes.text_bytes;
  if (limit < PIECE_BYTES_MIN) throw new RangeError(`a fragment of ${limit} bytes holds not even one character`);
  const pieces = body instanceof Uint8Array ? cutBytes(body, limit, digests) : cutText(body, limit, digests);
  if (pieces.length < 2) return [frame];
  const seal: FragmentSeal = {
    root: digestText(
      merkleRoot(
        pieces.map(({ digest }) => digest),
        digests,
      ),
    ),
    bytes: pieces.reduce((sum, { bytes }) => sum + bytes, 0),
    ...(form && { form }),
  };
  return pieces.map((piece, index) =>
    fragment(frame, payload, piece, index, index === pieces.length - 1 ? seal : undefined),
  );
}

/** What is cut: bytes, a text, or the JSON text of anything else. */
function bodyOf(content: WireValue): { readonly body: string | Uint8Array; readonly form?: 'json' } {
  if (typeof content === 'string' || content instanceof Uint8Array) return { body: content };
  return { body: jsonText(content), form: 'json' };
}

function cutBytes(bytes: Uint8Array, limit: number, digests: Digests): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length; at += limit) {
    const content = bytes.subarray(at, Math.min(at + limit, bytes.length));
    pieces.push({ content, bytes: content.length, digest: leafDigest(content, digests) });
  }
  return pieces;
}

/** Cuts between code points, so that each piece is a text of its own. */
function cutText(text: string, limit: number, digests: Digests): Piece[] {
  if (!text.isWellFormed()) throw new FrameError('utf8', { path: 'payload.content' });
  const pieces: Piece[] = [];
  // A text that fits is not looked at any further: a code unit takes three bytes at most.
  if (text.length * 3 <= limit) return pieces;
  const buffer = new Uint8Array(limit);
  for (let at = 0; at < text.length; ) {
    // It takes whole characters only. Where the slice ends within a pair there is no room left for the pair's first half.
    const { read, written } = UTF8.encodeInto(text.slice(at, at + limit), buffer);
    const digest = leafDigest(buffer.subarray(0, written), digests);
    pieces.push({ content: text.slice(at, at + read), bytes: written, digest });
    at += read;
  }
  return pieces;
}

function fragment(frame: Frame, payload: Payload, piece: Piece, index: number, seal: FragmentSeal | undefined): Frame {
  const { v, session_id, stream_id, msg_seq, qos, ttl } = frame;
  const part = {
    content: piece.content,
    checksum: digestText(piece.digest),
    ...(seal && { frag: seal }),
  };
  const more = seal === undefined ? ['MORE'] : [];
  if (index === 0) {
    return { ...unsealed(frame), flags: [...(frame.flags ?? []), ...more], payload: { ...payload, ...part } };
  }
  const { type, persona_id, clone_id } = payload;
  return {
    ...{ v, session_id, stream_id, msg_seq, frag_seq: index },
    ...(more.length > 0 && { flags: more }),
    ...(qos && { qos }),
    ...(ttl !== undefined && { ttl }),
    payload: {
      type,
      ...(persona_id !== undefined && { persona_id }),
      ...(clone_id !== undefined && { clone_id }),
      ...part,
    },
  };
}
