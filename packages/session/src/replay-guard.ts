import { NonceTable } from './nonce-table.ts';

/** Milliseconds of `ts` whose nonces are forgotten together. */
const SPAN_MS = 1_000;

/**
 * Nonces of a session that would still be accepted (S36): each is good once. Wall clock, milliseconds.
 *
 * It slides like the window of IPsec (RFC 4303 §3.4.3), over `ts` in place of a sequence number: where the nonces of a full
 * minute are too many, the oldest are forgotten, and what was signed in their time or before is not taken any more. A sender
 * whose frames come about in order never notices. The signature covers `ts`, so a frame that comes again has it again: one
 * table, that of its second, says whether it was there, however many there are.
 */
export class ReplayGuard {
  readonly #skew_ms: number;
  readonly #most: number;
  /** By second of `ts`. */
  readonly #spans: Map<number, NonceTable> = new Map();
  #size = 0;
  /** What was signed then or before is not taken: its nonce may have been forgotten. */
  #floor_ms = Number.NEGATIVE_INFINITY;

  constructor(skew_ms: number, most: number) {
    this.#skew_ms = skew_ms;
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Nothing that was signed before is taken from now on: it is of a former connection. */
  from(ts: number): void {
    this.#forget(ts - 1);
  }

  /** `seen`: it had it already; `forgotten`: it does not know, so the frame must not be used. */
  check(nonce: string, ts: number, wall_ms: number): 'good' | 'stale' | 'seen' | 'forgotten' {
    if (Math.abs(wall_ms - ts) > this.#skew_ms) return 'stale';
    if (ts <= this.#floor_ms) return 'forgotten';
    const at = Math.floor(ts / SPAN_MS);
    const key = keyOf(nonce);
    const known = this.#spans.get(at);
    if (known?.has(key) === true) return 'seen';
    if (known === undefined) this.#forget(wall_ms - this.#skew_ms - 1);
    if (this.#size >= this.#most && !this.#makeRoom(at)) return 'forgotten';
    const span = known ?? new NonceTable();
    if (known === undefined) this.#spans.set(at, span);
    if (!span.add(key)) {
      this.#forget(endOf(at));
      return 'forgotten';
    }
    this.#size += 1;
    return 'good';
  }

  /** What was signed up to then is not taken any more. */
  #forget(up_to_ms: number): void {
    if (up_to_ms <= this.#floor_ms) return;
    this.#floor_ms = up_to_ms;
    for (const at of this.#spans.keys()) if (endOf(at) <= up_to_ms) this.#drop(at);
  }

  /** For a nonce of this second: by forgetting the oldest, if that is older. */
  #makeRoom(at: number): boolean {
    let oldest = at;
    for (const other of this.#spans.keys()) oldest = Math.min(oldest, other);
    if (oldest === at) return false;
    this.#forget(endOf(oldest));
    return true;
  }

  #drop(at: number): void {
    this.#size -= this.#spans.get(at)?.size ?? 0;
    this.#spans.delete(at);
  }
}

/** The last millisecond of a second. */
function endOf(at: number): number {
  return (at + 1) * SPAN_MS - 1;
}

/**
 * 53 bits of a nonce, never 0. Two nonces of one key are taken for the same: by chance once in 2^35 frames, and then a frame is
 * sent again. Who makes such nonces on purpose needs the signing key for it, and harms nobody but himself.
 */
function keyOf(nonce: string): number {
  let low = 0x9e3779b1;
  let high = 0x7f4a7c15;
  for (let i = 0; i < nonce.length; i += 1) {
    const code = nonce.charCodeAt(i);
    low = Math.imul(low ^ code, 0x85ebca6b);
    high = Math.imul(high ^ code, 0xc2b2ae35);
    low ^= low >>> 13;
    high ^= high >>> 16;
  }
  return (mixed(low ^ (high >>> 7)) >>> 0) + (mixed(high) >>> 11) * 0x1_0000_0000 || 1;
}

/** Spreads what differs over all 32 bits. */
function mixed(bits: number): number {
  const half = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  return half ^ (half >>> 15);
}
