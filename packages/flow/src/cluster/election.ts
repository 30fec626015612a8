/**
 * Which of several machines holds the limits of all. They meet at a record that somebody keeps for them, of which this needs
 * only that a change is made by compare-and-set, and that it is not the same again after it was lost or set back.
 *
 * A candidate takes the record over once it has seen it unchanged for `watch_ms`, by its own monotone clock; the leader leads until
 * `tenure_ms` after it *sent* its latest renewal that was answered. A renewal that counts changed the record after that, so
 * the leader stops first as long as the rates of the two clocks differ by at most `watch_ms / tenure_ms`. Neither the clock of
 * whoever keeps the record nor its memory is trusted: what was lost or set back is a change.
 */
export interface ElectionOptions {
  /** From when a renewal was sent until its leader decides nothing more. */
  readonly tenure_ms: number;
  /** A tenth more bears clocks whose rates differ by a tenth. */
  readonly watch_ms: number;
  /** Pause between looks of a candidate. */
  readonly poll_ms: number;
  /** Pause before what was not answered is asked again. */
  readonly retry_ms: number;
  /** So long a whole run of the record's keeper must have been seen before what it knows of members is complete. */
  readonly settled_ms: number;
}

/** A server that is started anew takes a second; three renewals fit. The last is the longest lease of credit (ADR 19), and a tenth. */
export const DEFAULT_ELECTION: ElectionOptions = {
  ...{ tenure_ms: 6_000, watch_ms: 6_600, poll_ms: 500, retry_ms: 200 },
  settled_ms: 12_100,
};

/** What a member says and asks. */
export interface Beat {
  /** Counts up: a record of its leader is never the same twice. */
  readonly n: number;
  /** The epoch in which it leads; 0: it does not. */
  readonly leads: number;
  /** The record that it takes over, if it is still that. `free`: only if whoever had it has left it. */
  readonly takes: { readonly record: string; readonly free: boolean } | undefined;
  /** Highest epoch that was heard of: another one will be higher. */
  readonly known: number;
  /** For how long it has seen this run of the record's keeper, up to `settled_ms`. */
  readonly run: string;
  readonly run_seen_ms: number;
}

/** The record, as it is after the beat. */
export interface BeatAnswer {
  /** Different after each change, and in each run of whoever keeps it. */
  readonly record: string;
  /** Whose it is; undefined: nobody's. */
  readonly leader: string | undefined;
  readonly epoch: number;
  /** Its leader has left it in this run. */
  readonly is_free: boolean;
  readonly run: string;
  /** To a new leader: workers that may have credit of an earlier one; undefined: not known for certain. */
  readonly workers: readonly string[] | undefined;
}

/** `late`: it could not renew in time. `lost`: another one has the record. `deposed`: a later epoch was heard of. */
export type OverReason = 'late' | 'lost' | 'deposed';

export type ElectionState =
  | { readonly kind: 'candidate' }
  | { readonly kind: 'leads'; readonly epoch: number; readonly tenure_mono_ms: number }
  | { readonly kind: 'over'; readonly reason: OverReason };

/** One member's part, for one life of its process: once it has led it does not become a candidate again. Without a clock and without IO. */
export class Election {
  readonly #self: string;
  readonly #options: ElectionOptions;
  #state: ElectionState = { kind: 'candidate' };
  #n = 0;
  #known = 0;
  /** What is asked and not answered. */
  #asked_mono_ms: number | undefined;
  #next_mono_ms = Number.NEGATIVE_INFINITY;
  #seen: { readonly record: string; readonly mono_ms: number; readonly is_free: boolean } | undefined;
  #run: { readonly id: string; readonly mono_ms: number } | undefined;

  constructor(self: string, options: Partial<ElectionOptions> = {}) {
    this.#self = self;
    this.#options = { ...DEFAULT_ELECTION, ...options };
  }

  /** As of the latest input; that a tenure is over is told by `tick`. */
  get state(): ElectionState {
    return this.#state;
  }

  get known(): number {
    return this.#known;
  }

  /** When `tick` and `beat` want to be called. */
  get due_mono_ms(): number {
    if (this.#state.kind === 'over') return Number.POSITIVE_INFINITY;
    const next_mono_ms = this.#asked_mono_ms === undefined ? this.#next_mono_ms : Number.POSITIVE_INFINITY;
    return this.#state.kind === 'leads' ? Math.min(next_mono_ms, this.#state.tenure_mono_ms) : next_mono_ms;
  }

  tick(mono_ms: number): ElectionState {
    if (this.#state.kind === 'leads' && mono_ms >= this.#state.tenure_mono_ms) this.#end('late');
    return this.#state;
  }

  /** An epoch was heard of. */
  heard(epoch: number): ElectionState {
    this.#known = Math.max(this.#known, epoch);
    if (this.#state.kind === 'leads' && epoch > this.#state.epoch) this.#end('deposed');
    return this.#state;
  }

  /** What is to be asked now; it wants `answered` or `unanswered` before there is another. */
  beat(mono_ms: number): Beat | undefined {
    this.tick(mono_ms);
    if (this.#state.kind === 'over' || this.#asked_mono_ms !== undefined || mono_ms < this.#next_mono_ms)
      return undefined;
    this.#asked_mono_ms = mono_ms;
    this.#n += 1;
    return {
      n: this.#n,
      leads: this.#state.kind === 'leads' ? this.#state.epoch : 0,
      takes: this.#state.kind === 'candidate' ? this.#takes(mono_ms) : undefined,
      known: this.#known,
      run: this.#run?.id ?? '',
      run_seen_ms: Math.min(this.#options.settled_ms, mono_ms - (this.#run?.mono_ms ?? mono_ms)),
    };
  }

  answered(answer: BeatAnswer, mono_ms: number): ElectionState {
    const sent_mono_ms = this.#asked_mono_ms ?? mono_ms;
    this.#asked_mono_ms = undefined;
    this.#known = Math.max(this.#known, answer.epoch);
    if (this.#run?.id !== answer.run) this.#run = { id: answer.run, mono_ms };
    if (this.tick(mono_ms).kind === 'over') return this.#state;
    const { tenure_ms, poll_ms } = this.#options;
    const tenure_mono_ms = sent_mono_ms + tenure_ms;
    const is_mine = answer.leader === this.#self && !answer.is_free;
    if (this.#state.kind === 'leads') {
      if (!is_mine || answer.epoch !== this.#state.epoch) this.#end('lost');
      else this.#state = { ...this.#state, tenure_mono_ms };
    } else if (is_mine && mono_ms < tenure_mono_ms) {
      this.#state = { kind: 'leads', epoch: answer.epoch, tenure_mono_ms };
    } else if (this.#seen?.record !== answer.record || this.#seen.is_free !== answer.is_free) {
      // Counted from the answer: whatever changed it came before.
      this.#seen = { record: answer.record, mono_ms, is_free: answer.is_free };
      this.#next_mono_ms = answer.is_free ? mono_ms : mono_ms + poll_ms;
      return this.#state;
    }
    this.#next_mono_ms = this.#state.kind === 'leads' ? sent_mono_ms + tenure_ms / 3 : mono_ms + poll_ms;
    return this.#state;
  }

  /** No answer came in time; what was asked may have been done all the same. */
  unanswered(mono_ms: number): ElectionState {
    this.#asked_mono_ms = undefined;
    this.#next_mono_ms = mono_ms + this.#options.retry_ms;
    return this.tick(mono_ms);
  }

  #takes(mono_ms: number): Beat['takes'] {
    const seen = this.#seen;
    if (seen === undefined) return undefined;
    if (mono_ms >= seen.mono_ms + this.#options.watch_ms) return { record: seen.record, free: false };
    return seen.is_free ? { record: seen.record, free: true } : undefined;
  }

  #end(reason: OverReason): void {
    this.#state = { kind: 'over', reason };
  }
}
