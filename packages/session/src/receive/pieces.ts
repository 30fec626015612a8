import { type Frame, type MessageFault, type OpenMessage, PROTOCOL_MAJOR } from '@atp-router/wire';
import type { FailureReason } from '../contract.ts';

/** The fragments of a message that is incomplete, as frames: for a store that keeps frames. */
export function openPieces(session_id: string, { id, type, pieces, head, last }: OpenMessage): readonly Frame[] {
  const { stream_id, persona_id, clone_id } = id.lane;
  return pieces.map(({ frag_seq, piece }): Frame => {
    const is_last = frag_seq === last?.index;
    const part = {
      type,
      ...(persona_id !== '' && { persona_id }),
      ...(clone_id !== '' && { clone_id }),
      content: piece.content,
      checksum: piece.digest,
      ...(is_last && { frag: last.seal }),
    };
    if (frag_seq === 0 && head !== undefined) return { ...head, payload: { ...head.payload, ...part } };
    const { msg_seq } = id;
    const flags = is_last ? [] : ['MORE'];
    return { v: PROTOCOL_MAJOR, session_id, stream_id, msg_seq, frag_seq, flags, payload: part };
  });
}

/** What a fault of the pieces makes of their message. */
export function failureOf(fault: MessageFault): FailureReason {
  return fault === 'too_large' || fault === 'too_many_fragments' ? 'too_large' : 'corrupt';
}
