/** Times of monotone clocks, of which only the rates are trusted: the margin covers how far two of them differ. */
export interface CreditOptions {
  /** From when a message was sent that the owner has heard, until the worker admits nothing more from credit. */
  readonly ttl_ms: number;
  /** So much later the owner takes credit for free again. A tenth of the TTL bears clocks whose rates differ by a tenth. */
  readonly margin_ms: number;
  /** Pause between reports of what was used of open credit; the owner's view of budgets is as old as that. */
  readonly report_ms: number;
  /** A slot whose credit nobody used for so long gives it back. */
  readonly idle_ms: number;
  /** Extra patience of a want while credit that might do is being recalled. */
  readonly grace_ms: number;
  /** After its own patience a worker waits so long for the owner's answer before it refuses by itself. */
  readonly answer_ms: number;
  /** An unanswered hello is repeated after this. */
  readonly hello_ms: number;
  /** The owner looks after those who wait at least this often. */
  readonly scan_ms: number;
  /** Calls of the size of the want that credit is given for at most in one go. */
  readonly burst: number;
  /** Who waits, at one worker or at the owner: about 1 KB each; beyond, wants are shed. */
  readonly wants: number;
  /** Calls that run and want more, at the owner, while credit is called back for them; further ones are answered at once. */
  readonly growing: number;
  /** Slots of one worker, about 500 B each; beyond, demands on further accounts are refused. */
  readonly slots: number;
  /** Workers that an owner serves; further ones stay unheard and refuse by themselves. */
  readonly workers: number;
  /** Incarnations that are gone and whose use may still be told. Beyond, the oldest keep what they are debited. */
  readonly gone: number;
  /** Pieces of journals that a worker tells each new owner of; the oldest are left out beyond. */
  readonly recovered: number;
}

export const DEFAULT_CREDIT: CreditOptions = {
  ttl_ms: 10_000,
  margin_ms: 1_000,
  report_ms: 2_000,
  idle_ms: 60_000,
  grace_ms: 250,
  answer_ms: 2_000,
  hello_ms: 500,
  scan_ms: 100,
  burst: 32,
  wants: 20_000,
  growing: 1_000,
  slots: 20_000,
  workers: 256,
  gone: 1_000,
  recovered: 100,
};
