import { canonicalCbor } from '../../canonical/cbor.ts';
import { digestText } from '../../checksum.ts';
import type { Digests } from '../../digests.ts';
import { Reassembler } from '../../fragment/reassemble.ts';
import type { Frame } from '../../frame.ts';
import type { Payload } from '../../payloads.ts';
import type { WireObject } from '../../value.ts';
import type { Direction, TraceRecord } from './format.ts';

/** Something that a trace shows of one of its frames. */
export interface Finding {
  /** Of the frame in the file; of what is found at the end, the last one that it is about. */
  readonly line: number;
  /** The sentence that it is about: W… of the wire, S… of sessions. */
  readonly rule: string;
  /** `note`: may be in order, as frames can be lost on the way, or outside of what was recorded. */
  readonly level: 'error' | 'note';
  readonly message: string;
}

/** What one end sent in one lane. */
export interface LaneTrack {
  /** In words, for findings. */
  readonly name: string;
  readonly is_main: boolean;
  readonly seen: Set<number>;
  highest: number;
  last_line: number;
  /** Number of the message with `FIN`. */
  fin_at: number | undefined;
  /** What whole messages said, by number: a repetition says the same. */
  readonly said: Map<number, string>;
  /** Fragments that were sent, by message. */
  readonly fragments: Map<number, FragmentTrack>;
  /** What the other end acknowledged. */
  readonly acked: Map<string, AckTrack>;
  /** Highest number that may be sent; undefined when it is not in the trace. */
  credit: number | undefined;
}

/** What was sent of a message in fragments. */
export interface FragmentTrack {
  /** Indexes whose piece fitted its digest. */
  readonly good: Set<number>;
  readonly bad: Set<number>;
  /** Index of the last one, once it was sent. */
  last: number | undefined;
}

/** A value of acknowledgements that never falls, and the control frame that told it last. */
export interface AckTrack {
  readonly control: number;
  readonly value: number;
}

/** What one end of a session sent. */
export interface Side {
  readonly dir: Direction;
  readonly lanes: Map<string, LaneTrack>;
  /** What control frames said, by number. */
  readonly control: LaneTrack;
  /** Streams that this end opened. */
  readonly opened: Set<number>;
  /** Streams that this end aborted. */
  readonly aborted: Set<string>;
  readonly nonces: Set<string>;
  readonly reassembler: Reassembler;
  /** `pending_messages` of its hello. */
  pending_messages: number | undefined;
}

export interface SessionTrack {
  readonly id: string;
  /** Who opened or resumed it, when the trace shows. */
  client: Direction | undefined;
  /** Whether the trace has it from its first frame. */
  from_start: boolean;
  /** What the client asked with, until it is answered. */
  asked:
    | { readonly conn: string; readonly said: string; readonly encodings: readonly unknown[] | undefined }
    | undefined;
  readonly in: Side;
  readonly out: Side;
}

/** One readable frame while it is judged. */
export interface Judged {
  readonly record: TraceRecord;
  readonly frame: Frame;
  readonly is_control: boolean;
  readonly session: SessionTrack;
  /** The end that sent it, and the other one. */
  readonly sender: Side;
  readonly receiver: Side;
  readonly digests: Digests;
  report(rule: string, message: string, level?: Finding['level']): void;
}

/** Judges one frame, and remembers of it what later ones are judged by. */
export type Judge = (judged: Judged) => void;

export function sessionTrack(id: string, digests: Digests): SessionTrack {
  const side = (dir: Direction): Side => ({
    dir,
    lanes: new Map(),
    control: laneTrack('control frames', false),
    opened: new Set(),
    aborted: new Set(),
    nonces: new Set(),
    reassembler: new Reassembler(digests),
    pending_messages: undefined,
  });
  return { id, client: undefined, from_start: false, asked: undefined, in: side('in'), out: side('out') };
}

export function laneTrack(name: string, is_main: boolean): LaneTrack {
  return {
    ...{ name, is_main, seen: new Set<number>(), highest: -1, last_line: 0, fin_at: undefined },
    ...{ said: new Map(), fragments: new Map(), acked: new Map(), credit: undefined },
  };
}

/** What a payload says, short enough to keep. */
export function saidBy(payload: Payload | undefined, digests: Digests): string {
  if (payload === undefined) return '';
  return digestText(digests.sha256(canonicalCbor(payload as unknown as WireObject)));
}
