import { Check } from '../check/check.ts';
import { checkContent } from '../check/payload.ts';
import { digestBytes, digestText } from '../checksum.ts';
import type { Digests } from '../digests.ts';
import { type Frame, unsealed } from '../frame.ts';
import { FrameError } from '../frame-error.ts';
import { parseWireValue } from '../json/decode.ts';
import type { WireLimits } from '../limits.ts';
import type { WireValue } from '../value.ts';
import type { Assembly } from './assembly.ts';
import { merkleRoot } from './merkle.ts';
import type { FragmentSeal, Payload } from '../payloads.ts';
import type { MessageFault, Piece } from './state.ts';

/** The message of an assembly that is whole, held against its seal and the rules of its type; or what is wrong with it. */
export function join(
  assembly: Assembly,
  digests: Digests,
  limits: WireLimits,
): { readonly frame: Frame; readonly root: string } | MessageFault {
  const pieces = assembly.pieces();
  const seal = assembly.last?.seal;
  const head = assembly.head;
  if (seal === undefined || head?.payload === undefined) return 'conflict';
  const root = digestText(
    merkleRoot(
      pieces.map(({ digest }) => digestBytes(digest)),
      digests,
    ),
  );
  if (root !== seal.root || assembly.bytes !== seal.bytes) return 'root';
  try {
    const content = contentOf(pieces, assembly, seal, limits);
    return { frame: wholeFrame(head, head.payload, content, limits), root };
  } catch (error) {
    if (error instanceof FrameError) return 'content';
    throw error;
  }
}

function contentOf(
  pieces: readonly Piece[],
  { bytes, form }: Assembly,
  seal: FragmentSeal,
  limits: WireLimits,
): WireValue {
  if (form === 'bytes') {
    if (seal.form !== undefined) throw new FrameError('value', { path: 'payload.frag.form' });
    return joinBytes(pieces, bytes);
  }
  const text = pieces.map(({ content }) => content).join('');
  return seal.form === 'json' ? parseWireValue(text, limits) : text;
}

function joinBytes(pieces: readonly Piece[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const { content, bytes } of pieces) {
    joined.set(content as Uint8Array, at);
    at += bytes;
  }
  return joined;
}

/** The frame as it was before it was cut. The fragments' checksums, and their signatures if any, were about the pieces. */
function wholeFrame(head: Frame, head_payload: Payload, content: WireValue, limits: WireLimits): Frame {
  const { checksum: _digest, frag: _frag, ...rest } = head_payload;
  const payload = { ...rest, content };
  checkContent(new Check('given', limits), payload, payload.type);
  const { frag_seq: _seq, flags: had, ...frame } = unsealed(head);
  const flags = (had ?? []).filter((flag) => flag !== 'MORE' && flag !== 'FRAG' && flag !== 'LAST');
  return { ...frame, ...(flags.length > 0 && { flags }), payload };
}
