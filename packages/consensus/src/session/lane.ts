import type { LaneAnswer, Provenance } from '../answer.ts';
import type { Member } from '../plan.ts';
import { ReorderBuffer } from './reorder.ts';
import type { CancelReason, LaneError, LanePhase, LaneView } from './types.ts';

/** What is read of a lane's text. */
export type ReadAnswer = (
  text: string,
  from: Provenance,
) => Pick<LaneAnswer, 'key' | 'findings' | 'confidence' | 'tests_failed'>;

/** What a lane wants done about its sender. */
export type Flow = 'none' | 'pause' | 'resume' | 'broken';

/** One voice of a session, from its dispatch to its answer. */
export class Lane {
  readonly lane: number;
  readonly member: Member;
  readonly #buffer: ReorderBuffer;
  #phase: LanePhase = { kind: 'init' };
  #text = '';
  #answer: LaneAnswer | undefined;
  /** Pieces that there are, once that is known. */
  #pieces: number | undefined;
  #is_cut = false;

  constructor(lane: number, member: Member, reorder_max: number) {
    this.lane = lane;
    this.member = member;
    this.#buffer = new ReorderBuffer(reorder_max);
  }

  get phase(): LanePhase {
    return this.#phase;
  }

  get answer(): LaneAnswer | undefined {
    return this.#answer;
  }

  /** What it has said so far, in order. */
  get text(): string {
    return this.#text;
  }

  /** It may still answer. */
  get is_open(): boolean {
    const { kind } = this.#phase;
    return kind === 'init' || kind === 'admitted' || kind === 'streaming' || kind === 'paused';
  }

  get has_failed(): boolean {
    return this.#phase.kind === 'failed' || this.#phase.kind === 'rejected';
  }

  admitted(): void {
    if (this.#phase.kind === 'init') this.#phase = { kind: 'admitted' };
  }

  rejected(error: LaneError): void {
    if (this.is_open) this.#phase = { kind: 'rejected', error };
  }

  failed(error: LaneError): void {
    if (this.is_open) this.#phase = { kind: 'failed', error };
  }

  cancelled(reason: CancelReason, has_begun: boolean): void {
    if (this.is_open) this.#phase = { kind: 'cancelled', reason, ...(!has_begun && { never_began: true }) };
  }

  restarted(): void {
    if (!this.is_open) return;
    this.#text = '';
    this.#pieces = undefined;
    this.#buffer.reset();
    this.#phase = { kind: 'admitted' };
  }

  piece(seq: number, text: string): Flow {
    if (!this.is_open || (this.#pieces !== undefined && seq >= this.#pieces)) return 'none';
    const pushed = this.#buffer.push(seq, text, (next) => {
      this.#text += next;
    });
    if (this.#buffer.is_broken) return 'broken';
    if (this.#phase.kind === 'paused') {
      if (this.#buffer.is_full) return 'none';
      this.#phase = { kind: 'streaming' };
      return 'resume';
    }
    if (pushed === 'duplicate') return 'none';
    this.#phase = pushed === 'overflow' ? { kind: 'paused' } : { kind: 'streaming' };
    return pushed === 'overflow' ? 'pause' : 'none';
  }

  /** No more is to come than `pieces`. */
  final(pieces: number, is_cut: boolean): void {
    if (!this.is_open) return;
    this.#pieces = pieces;
    this.#is_cut = is_cut;
  }

  /** Every piece is there: makes the answer of it. */
  complete(read: ReadAnswer): boolean {
    if (!this.is_open || this.#pieces === undefined || this.#buffer.next < this.#pieces) return false;
    this.#answer = this.#read(read, this.#is_cut);
    this.#phase = { kind: 'finalized' };
    return true;
  }

  /** What there is, of a lane that is waited for no longer; undefined when it has said nothing. */
  partial(read: ReadAnswer): LaneAnswer | undefined {
    return this.#text.trim() === '' ? undefined : this.#read(read, true);
  }

  /** Keeps what it has said so far as its answer, which is not whole. */
  keepPartial(read: ReadAnswer): void {
    this.#answer = this.partial(read);
  }

  view(): LaneView {
    const { lane, member } = this;
    const { waits, waiting_max } = this.#buffer;
    return { lane, member, phase: this.#phase, answer: this.#answer, text: this.#text, waits, waiting_max };
  }

  #read(read: ReadAnswer, is_partial: boolean): LaneAnswer {
    const from = { lane: this.lane, source: this.member.source };
    return { ...from, text: this.#text, ...read(this.#text, from), is_partial };
  }
}
