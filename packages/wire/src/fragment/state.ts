import type { Frame, Lane } from '../frame.ts';
import type { FragmentSeal } from '../payloads.ts';

/** One message, as both ends name it. */
export interface MessageId {
  readonly lane: Lane;
  readonly msg_seq: number;
}

/** Why a message will never be complete. */
export type MessageFault =
  /** Two fragments of one index differ, or fragments disagree about type, form or last index. */
  | 'conflict'
  /** Every fragment fits its digest, and together they do not fit the root or the size of the seal. */
  | 'root'
  /** What was put together is not a content of its type. */
  | 'content'
  | 'too_many_fragments'
  | 'too_large'
  /** The session gave it up: its resend lifetime is over, or its stream has ended. */
  | 'expired';

/** A fragment's content, and what is known of it. */
export interface Piece {
  readonly content: string | Uint8Array;
  readonly bytes: number;
  /** `sha256:<hex>`, found to be right. */
  readonly digest: string;
  /** What it takes to keep it: the frame that it came in, whose memory its content may share, and what goes with it. */
  readonly cost_bytes: number;
}

/** A message of which fragments have come, as plain data. */
export interface OpenMessage {
  readonly id: MessageId;
  readonly type: string;
  readonly form: 'text' | 'bytes';
  readonly opened_ms: number;
  readonly pieces: readonly { readonly frag_seq: number; readonly piece: Piece }[];
  /** Index of the last fragment, once it has come, and what it sealed. */
  readonly last?: LastFragment;
  /** The first fragment's frame without its content, which has what the others leave out. */
  readonly head?: Frame;
}

export interface LastFragment {
  readonly index: number;
  readonly seal: FragmentSeal;
}

/** Everything that a reassembler remembers. */
export interface ReassemblySnapshot {
  readonly open: readonly OpenMessage[];
  /** Messages that have ended, the oldest first. */
  readonly closed: readonly { readonly id: MessageId; readonly outcome: MessageOutcome }[];
  readonly counts: ReassemblyCounts;
}

export type MessageOutcome = 'complete' | 'failed';

export interface ReassemblyCounts {
  /** Fragments that had come before. */
  readonly duplicates: number;
  /** Fragments of messages that had failed. */
  readonly late: number;
  /** Fragments whose bytes did not fit their digest. */
  readonly bad: number;
  /** Fragments for which there was no room. */
  readonly refused: number;
}

export type ReassemblyEvent =
  /** A frame for which `isFragment` holds; `frame_bytes` is its size on the wire. */
  | { readonly type: 'fragment'; readonly frame: Frame; readonly frame_bytes: number; readonly now_ms: number }
  /** The session gives up one message. */
  | { readonly type: 'give_up'; readonly id: MessageId }
  /** The session gives up all messages that were opened before a time. */
  | { readonly type: 'expire'; readonly opened_before_ms: number };

export type ReassemblyEffect =
  | { readonly type: 'stored'; readonly id: MessageId; readonly frag_seq: number; readonly ack_up_to: number }
  /** The whole message, as it was before it was cut; `frame` is not signed, its fragments were. */
  | { readonly type: 'complete'; readonly id: MessageId; readonly frame: Frame; readonly root: string }
  | { readonly type: 'duplicate'; readonly id: MessageId; readonly frag_seq: number }
  | { readonly type: 'late'; readonly id: MessageId; readonly frag_seq: number }
  /** The bytes do not fit the digest: this one fragment has to be sent again. */
  | { readonly type: 'bad_fragment'; readonly id: MessageId; readonly frag_seq: number }
  /** No room now; nothing was kept. The sender has to wait. */
  | { readonly type: 'refused'; readonly id: MessageId; readonly frag_seq: number }
  /** Both ends have to be told; what still comes of it is late. */
  | { readonly type: 'failed'; readonly id: MessageId; readonly fault: MessageFault };
