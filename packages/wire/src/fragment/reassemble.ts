import { digestText } from '../checksum.ts';
import type { Digests } from '../digests.ts';
import { type Frame, hasMore, laneKey, laneOf } from '../frame.ts';
import { WIRE_LIMITS, type WireLimits } from '../limits.ts';
import { Assembly, formOf } from './assembly.ts';
import { contentBytes } from './content.ts';
import { join } from './join.ts';
import { leafDigest } from './merkle.ts';
import { FRAGMENT_COST_BYTES, REASSEMBLY_LIMITS, type ReassemblyLimits } from './policy.ts';
import type {
  MessageFault,
  MessageId,
  MessageOutcome,
  Piece,
  ReassemblyCounts,
  ReassemblyEffect,
  ReassemblyEvent,
  ReassemblySnapshot,
} from './state.ts';

/**
 * Puts messages together from their fragments, in whatever order these come. Events in, effects out; no clock, no timer:
 * when to ask again and when to give up is the session's. What it holds is bounded by `limits`, whatever a peer sends, and
 * can be taken out as plain data and given to another one.
 *
 * Invariants, tested as properties: a message is completed at most once and only with the content that was cut; no index is
 * missing before the last one is known; `ack_up_to` never falls; a message that failed stays failed. Of messages that ended
 * long ago nothing is remembered: the session knows by their lane's `ack_msg_up_to` that they are over.
 */
export class Reassembler {
  readonly #digests: Digests;
  readonly #limits: ReassemblyLimits;
  readonly #wire: WireLimits;
  readonly #open: Map<string, Assembly> = new Map();
  readonly #closed: Map<string, { readonly id: MessageId; readonly outcome: MessageOutcome }> = new Map();
  #counts: ReassemblyCounts = { duplicates: 0, late: 0, bad: 0, refused: 0 };
  #buffered = 0;

  constructor(
    digests: Digests,
    limits: ReassemblyLimits = REASSEMBLY_LIMITS,
    wire: WireLimits = WIRE_LIMITS,
    from?: ReassemblySnapshot,
  ) {
    this.#digests = digests;
    this.#limits = limits;
    this.#wire = { ...wire, frame_bytes: limits.message_bytes };
    if (from === undefined) return;
    for (const message of from.open) {
      const assembly = Assembly.restore(message);
      this.#open.set(messageKey(message.id), assembly);
      this.#buffered += assembly.cost_bytes;
    }
    for (const closed of from.closed) this.#closed.set(messageKey(closed.id), closed);
    this.#counts = from.counts;
  }

  get counts(): ReassemblyCounts {
    return this.#counts;
  }

  get open_messages(): number {
    return this.#open.size;
  }

  /** What the open messages take, by the measure of `buffer_bytes`. */
  get buffered_bytes(): number {
    return this.#buffered;
  }

  snapshot(): ReassemblySnapshot {
    const open = [...this.#open.values()].map((assembly) => assembly.snapshot());
    return { open, closed: [...this.#closed.values()], counts: this.#counts };
  }

  /** The fragments of an open message that have not come: known only once its last one has. */
  missing(id: MessageId): readonly number[] | undefined {
    return this.#open.get(messageKey(id))?.missing();
  }

  /** Highest index up to which all fragments of an open message have come; −1 when the first has not. */
  ackUpTo(id: MessageId): number | undefined {
    return this.#open.get(messageKey(id))?.ack_up_to;
  }

  handle(event: ReassemblyEvent): readonly ReassemblyEffect[] {
    switch (event.type) {
      case 'fragment':
        return this.#fragment(event.frame, event.frame_bytes, event.now_ms);
      case 'give_up': {
        const assembly = this.#open.get(messageKey(event.id));
        return assembly === undefined ? [] : [this.#fail(assembly.id, 'expired')];
      }
      case 'expire': {
        const old = [...this.#open.values()].filter(({ opened_ms }) => opened_ms < event.opened_before_ms);
        return old.map(({ id }) => this.#fail(id, 'expired'));
      }
    }
  }

  #fragment(frame: Frame, frame_bytes: number, now_ms: number): readonly ReassemblyEffect[] {
    const at = { id: { lane: laneOf(frame), msg_seq: frame.msg_seq }, frag_seq: frame.frag_seq ?? 0 };
    const key = messageKey(at.id);
    const closed = this.#closed.get(key);
    if (closed !== undefined) return [this.#afterTheEnd(closed.outcome, at)];
    const piece = this.#piece(frame, frame_bytes, this.#open.get(key)?.at(at.frag_seq));
    if (piece === undefined) {
      this.#count('bad');
      return [{ type: 'bad_fragment', ...at }];
    }
    const assembly = this.#open.get(key) ?? begin(at.id, frame, piece, now_ms);
    if (!assembly.agrees(frame, at.frag_seq, piece)) return [this.#fail(at.id, 'conflict')];
    if (assembly.at(at.frag_seq) !== undefined) {
      this.#count('duplicates');
      return [{ type: 'duplicate', ...at }];
    }
    const fault = this.#passedLimit(assembly, piece, at.frag_seq);
    if (fault !== undefined) return [this.#fail(at.id, fault)];
    if (!this.#hasRoom(key, piece)) {
      this.#count('refused');
      return [{ type: 'refused', ...at }];
    }
    return this.#store(key, assembly, frame, at.frag_seq, piece);
  }

  /**
   * The content of a fragment whose bytes fit its digest. One that says to be what has come already is not hashed again:
   * nothing of it will be used.
   */
  #piece(frame: Frame, frame_bytes: number, known: Piece | undefined): Piece | undefined {
    const { payload } = frame;
    const { content, checksum: digest } = payload ?? {};
    if (digest === undefined || (typeof content !== 'string' && !(content instanceof Uint8Array))) return undefined;
    if (known?.digest === digest) return { ...known, content };
    // The last one has to say what the whole is.
    if (!hasMore(frame) && payload?.frag === undefined) return undefined;
    const bytes = contentBytes(content);
    if (digestText(leafDigest(bytes, this.#digests)) !== digest) return undefined;
    return { content, bytes: bytes.length, digest, cost_bytes: frame_bytes + FRAGMENT_COST_BYTES };
  }

  #afterTheEnd(outcome: MessageOutcome, at: { readonly id: MessageId; readonly frag_seq: number }): ReassemblyEffect {
    this.#count(outcome === 'complete' ? 'duplicates' : 'late');
    return { type: outcome === 'complete' ? 'duplicate' : 'late', ...at };
  }

  #passedLimit(assembly: Assembly, piece: Piece, frag_seq: number): MessageFault | undefined {
    if (frag_seq >= this.#limits.fragments) return 'too_many_fragments';
    return assembly.bytes + piece.bytes > this.#limits.message_bytes ? 'too_large' : undefined;
  }

  #hasRoom(key: string, piece: Piece): boolean {
    if (!this.#open.has(key) && this.#open.size >= this.#limits.open_messages) return false;
    return this.#buffered + piece.cost_bytes <= this.#limits.buffer_bytes;
  }

  #store(key: string, assembly: Assembly, frame: Frame, frag_seq: number, piece: Piece): readonly ReassemblyEffect[] {
    assembly.add(frame, frag_seq, piece);
    this.#open.set(key, assembly);
    this.#buffered += piece.cost_bytes;
    const { id, ack_up_to } = assembly;
    const stored: ReassemblyEffect = { type: 'stored', id, frag_seq, ack_up_to };
    if (!assembly.is_whole) return [stored];
    const joined = join(assembly, this.#digests, this.#wire);
    if (typeof joined === 'string') return [stored, this.#fail(id, joined)];
    this.#close(id, 'complete');
    return [stored, { type: 'complete', id, ...joined }];
  }

  #fail(id: MessageId, fault: MessageFault): ReassemblyEffect {
    this.#close(id, 'failed');
    return { type: 'failed', id, fault };
  }

  #close(id: MessageId, outcome: MessageOutcome): void {
    const key = messageKey(id);
    this.#buffered -= this.#open.get(key)?.cost_bytes ?? 0;
    this.#open.delete(key);
    this.#closed.set(key, { id, outcome });
    const [oldest] = this.#closed.keys();
    if (this.#closed.size > this.#limits.closed_messages && oldest !== undefined) this.#closed.delete(oldest);
  }

  #count(what: keyof ReassemblyCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
  }
}

function messageKey({ lane, msg_seq }: MessageId): string {
  return `${msg_seq}/${laneKey(lane)}`;
}

function begin(id: MessageId, frame: Frame, piece: Piece, opened_ms: number): Assembly {
  return new Assembly({ id, type: frame.payload?.type ?? '', form: formOf(piece), opened_ms });
}
