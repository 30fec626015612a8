import { type Frame, hasMore } from '../frame.ts';
import type { LastFragment, MessageId, OpenMessage, Piece } from './state.ts';

/** One message while its fragments come in. Holds the pieces as they came; nothing is copied before all are there. */
export class Assembly {
  readonly id: MessageId;
  readonly type: string;
  readonly form: 'text' | 'bytes';
  readonly opened_ms: number;
  readonly #pieces: Map<number, Piece> = new Map();
  #bytes = 0;
  #cost_bytes = 0;
  #ack_up_to = -1;
  #highest = -1;
  #last: LastFragment | undefined;
  #head: Frame | undefined;

  constructor(message: Omit<OpenMessage, 'pieces'>) {
    this.id = message.id;
    this.type = message.type;
    this.form = message.form;
    this.opened_ms = message.opened_ms;
    this.#last = message.last;
    this.#head = message.head;
  }

  static restore(message: OpenMessage): Assembly {
    const assembly = new Assembly(message);
    for (const { frag_seq, piece } of message.pieces) assembly.#keep(frag_seq, piece);
    return assembly;
  }

  snapshot(): OpenMessage {
    const { id, type, form, opened_ms } = this;
    return {
      ...{ id, type, form, opened_ms },
      pieces: [...this.#pieces].map(([frag_seq, piece]) => ({ frag_seq, piece })),
      ...(this.#last && { last: this.#last }),
      ...(this.#head && { head: this.#head }),
    };
  }

  /** All pieces together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What the message takes, by the measure of `buffer_bytes`. */
  get cost_bytes(): number {
    return this.#cost_bytes;
  }

  /** Highest index up to which all have come; −1 before the first. Never falls. */
  get ack_up_to(): number {
    return this.#ack_up_to;
  }

  get last(): LastFragment | undefined {
    return this.#last;
  }

  get head(): Frame | undefined {
    return this.#head;
  }

  get is_whole(): boolean {
    return this.#last !== undefined && this.#ack_up_to === this.#last.index;
  }

  at(frag_seq: number): Piece | undefined {
    return this.#pieces.get(frag_seq);
  }

  /** Whether a fragment can belong to the message, by all that is known of both. */
  agrees(frame: Frame, frag_seq: number, piece: Piece): boolean {
    if (frame.payload?.type !== this.type || formOf(piece) !== this.form) return false;
    const known = this.#pieces.get(frag_seq);
    if (known !== undefined && known.digest !== piece.digest) return false;
    const more = hasMore(frame);
    if (this.#last === undefined) return more || frag_seq >= this.#highest;
    return more ? frag_seq < this.#last.index : frag_seq === this.#last.index;
  }

  /** Takes a fragment that agrees and has not come before. */
  add(frame: Frame, frag_seq: number, piece: Piece): void {
    this.#keep(frag_seq, piece);
    const seal = frame.payload?.frag;
    if (!hasMore(frame) && seal !== undefined) this.#last = { index: frag_seq, seal };
    if (frag_seq > 0 || frame.payload === undefined) return;
    const { content: _content, ...payload } = frame.payload;
    this.#head = { ...frame, payload };
  }

  missing(): readonly number[] | undefined {
    if (this.#last === undefined) return undefined;
    const missing: number[] = [];
    for (let i = this.#ack_up_to + 1; i < this.#last.index; i += 1) if (!this.#pieces.has(i)) missing.push(i);
    return missing;
  }

  /** In order; only when the message is whole. */
  pieces(): readonly Piece[] {
    return Array.from({ length: this.#pieces.size }, (_, i) => this.#pieces.get(i) as Piece);
  }

  #keep(frag_seq: number, piece: Piece): void {
    this.#pieces.set(frag_seq, piece);
    this.#bytes += piece.bytes;
    this.#cost_bytes += piece.cost_bytes;
    this.#highest = Math.max(this.#highest, frag_seq);
    while (this.#pieces.has(this.#ack_up_to + 1)) this.#ack_up_to += 1;
  }
}

export function formOf({ content }: Piece): OpenMessage['form'] {
  return typeof content === 'string' ? 'text' : 'bytes';
}
