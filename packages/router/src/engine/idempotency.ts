import { AtpError } from '@atp-router/kernel';
import type { IdempotencyRef } from '@atp-router/ledger';
import type { OutcomeStore, StoredOutcome } from './outcome-store.ts';

/** What is known of a key: how a repeated request has to be answered. */
export type Claim =
  /** Nobody used the key: the caller runs the call, and owes `complete` or `release`. */
  | { readonly kind: 'claimed' }
  | { readonly kind: 'replay'; readonly call_id: string; readonly outcome: StoredOutcome }
  | { readonly kind: 'refused'; readonly error: AtpError };

/** Idempotency keys as the engine uses them. */
export interface IdempotencyKeys extends OutcomeStore {
  /** Keys in memory. */
  readonly size: number;
  /** Takes the key until `expires_ms`, or says how its first call went; waits while that still runs. */
  claimOnce(ref: IdempotencyRef, call_id: string, expires_ms: number): Promise<Claim>;
}

/** The durable side: outcomes and claims of earlier processes, and of keys that have left the memory. */
export interface ClaimArchive {
  find(scope_hash: string): Promise<ArchivedClaim | undefined>;
}

export interface ArchivedClaim {
  readonly body_hash: string;
  readonly call_id: string;
  readonly expires_ms: number;
  /** Undefined when the call ended without an outcome that can be replayed. */
  readonly sealed: string | undefined;
  /** The call was interrupted by a crash. */
  readonly interrupted: boolean;
}

export interface Sealer {
  seal(plain: Uint8Array): string;
  open(sealed: string): Uint8Array;
}

interface Waiter {
  /** How it went; undefined when nothing is known of the key, or no longer. */
  readonly tell: (over: ArchivedClaim | undefined) => void;
  /** Nobody could find out: that is no leave to run the call. */
  readonly fail: (error: unknown) => void;
}

type Entry =
  | { readonly kind: 'asking'; readonly waiters: Waiter[] }
  | { readonly kind: 'running'; readonly body_hash: string; readonly call_id: string; readonly waiters: Waiter[] }
  | ({ readonly kind: 'over' } & ArchivedClaim);

/** Thousands of usual answers; about sixty of the largest that are kept by default. The others are in the archive. */
const DEFAULT_MAX_BYTES = 64 * 1_048_576;
/** Repeats of one request that wait at the same time: many more than a client has connections. */
const WAITERS_MAX = 1_000;

export interface IdempotencyOptions {
  /** Keys in memory, asked each time; the oldest finished ones leave first and are then found in the archive. */
  readonly max_entries: number;
  /** Of sealed outcomes in memory, in all; leaving as above. The newest stays, whatever its size. */
  readonly max_bytes?: number;
  readonly now_ms: () => number;
}

/**
 * Idempotency keys, scoped by tenant and endpoint: the same key and body is answered with the first outcome, also while
 * it is still running and after a restart; a different body is refused; a call that a crash interrupted is reported,
 * never silently run again.
 */
export class IdempotencyIndex implements IdempotencyKeys {
  readonly #entries: Map<string, Entry> = new Map();
  readonly #archive: ClaimArchive;
  readonly #sealer: Sealer;
  readonly #options: IdempotencyOptions;
  /** Of sealed outcomes in memory. */
  #bytes = 0;

  constructor(archive: ClaimArchive, sealer: Sealer, options: IdempotencyOptions) {
    this.#archive = archive;
    this.#sealer = sealer;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  async claimOnce(ref: IdempotencyRef, call_id: string): Promise<Claim> {
    for (;;) {
      const entry = this.#entries.get(ref.scope_hash);
      let over: ArchivedClaim | undefined;
      if (entry === undefined) over = await this.#ask(ref.scope_hash);
      else if (entry.kind === 'over') {
        if (entry.expires_ms > this.#options.now_ms()) over = entry;
        else this.#drop(ref.scope_hash, entry);
      } else {
        if (entry.kind === 'running' && entry.body_hash !== ref.body_hash) return refused(keyMismatch());
        if (entry.waiters.length >= WAITERS_MAX) return refused(tooManyWait());
        // Who waits gets the outcome even if it is not kept after that.
        over = await new Promise<ArchivedClaim | undefined>((tell, fail) => void entry.waiters.push({ tell, fail }));
      }
      if (over !== undefined) return this.#settled(ref, over);
      // Nothing is known, or it was released without an outcome: the first who is here runs the call.
      if (!this.#entries.has(ref.scope_hash)) return this.#take(ref, call_id);
    }
  }

  seal(outcome: StoredOutcome): string {
    const { body, ...head } = outcome;
    const head_bytes = Buffer.from(JSON.stringify(head));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(head_bytes.length);
    return this.#sealer.seal(Buffer.concat([size, head_bytes, body]));
  }

  complete(ref: IdempotencyRef, call_id: string, sealed: string | undefined, expires_ms: number): void {
    this.#finish(ref.scope_hash, { body_hash: ref.body_hash, call_id, expires_ms, sealed, interrupted: false });
  }

  /** As `complete`, for what the caller found out about a claim of its own; and its answer. */
  adopt(ref: IdempotencyRef, found: ArchivedClaim): Claim {
    this.#finish(ref.scope_hash, found);
    return this.#settled(ref, found);
  }

  release(ref: IdempotencyRef): void {
    this.#finish(ref.scope_hash, undefined);
  }

  #take(ref: IdempotencyRef, call_id: string): Claim {
    this.#entries.set(ref.scope_hash, { kind: 'running', body_hash: ref.body_hash, call_id, waiters: [] });
    this.#evict(ref.scope_hash);
    return { kind: 'claimed' };
  }

  /** Reads the archive once for all who ask at the same time. */
  async #ask(scope_hash: string): Promise<ArchivedClaim | undefined> {
    const waiters: Waiter[] = [];
    this.#entries.set(scope_hash, { kind: 'asking', waiters });
    try {
      const found = await this.#archive.find(scope_hash);
      const fresh = found !== undefined && found.expires_ms > this.#options.now_ms() ? found : undefined;
      this.#finish(scope_hash, fresh);
      return fresh;
    } catch (error) {
      this.#entries.delete(scope_hash);
      for (const waiter of waiters) waiter.fail(error);
      throw error;
    }
  }

  #finish(scope_hash: string, over: ArchivedClaim | undefined): void {
    const entry = this.#entries.get(scope_hash);
    this.#drop(scope_hash, entry);
    if (over !== undefined) {
      this.#entries.set(scope_hash, { ...over, kind: 'over' });
      this.#bytes += over.sealed?.length ?? 0;
      this.#evict(scope_hash);
    }
    if (entry !== undefined && entry.kind !== 'over') for (const waiter of entry.waiters) waiter.tell(over);
  }

  #drop(scope_hash: string, entry: Entry | undefined): void {
    this.#entries.delete(scope_hash);
    if (entry?.kind === 'over') this.#bytes -= entry.sealed?.length ?? 0;
  }

  #settled(ref: IdempotencyRef, over: ArchivedClaim): Claim {
    if (over.body_hash !== ref.body_hash) return refused(keyMismatch());
    if (over.interrupted) return refused(keyInterrupted(over.call_id));
    if (over.sealed === undefined) return refused(notKept(over.call_id));
    let bytes: Buffer;
    try {
      bytes = Buffer.from(this.#sealer.open(over.sealed));
    } catch (cause) {
      return refused(notOpened(over.call_id, cause));
    }
    const size = bytes.readUInt32BE(0);
    const head = JSON.parse(bytes.toString('utf8', 4, 4 + size)) as Omit<StoredOutcome, 'body'>;
    return { kind: 'replay', call_id: over.call_id, outcome: { ...head, body: bytes.subarray(4 + size) } };
  }

  get #is_full(): boolean {
    const { max_entries, max_bytes = DEFAULT_MAX_BYTES } = this.#options;
    return this.#entries.size > max_entries || this.#bytes > max_bytes;
  }

  #evict(kept: string): void {
    if (!this.#is_full) return;
    for (const [key, entry] of this.#entries) {
      if (entry.kind !== 'over' || key === kept) continue;
      this.#drop(key, entry);
      if (!this.#is_full) return;
    }
    // What is left are running calls, which are bounded by the calls in flight: they must not be forgotten.
  }
}

function refused(error: AtpError): Claim {
  return { kind: 'refused', error };
}

function tooManyWait(): AtpError {
  return new AtpError(
    'backpressure',
    'The first call with this idempotency key is still running, and too many repeats wait for it. Retry shortly.',
    { param: 'idempotency-key', retry_after_ms: 1_000 },
  );
}

/** The key was used with another body. */
export function keyMismatch(): AtpError {
  return new AtpError(
    'idempotency_mismatch',
    'This idempotency key was used before with a different request body. Use a new key for a new request.',
    { param: 'idempotency-key' },
  );
}

/** A crash cut the key's first call short. */
export function keyInterrupted(call_id: string): AtpError {
  return new AtpError(
    'call_interrupted',
    `The first call with this idempotency key (${call_id}) was interrupted by a crash of the router. Its usage record says what it cost; use a new key to run it again.`,
    { param: 'idempotency-key', details: { call_id } },
  );
}

/** The file with the key was lost or exchanged, or the outcome was changed. */
function notOpened(call_id: string, cause: unknown): AtpError {
  return new AtpError(
    'conflict',
    `The first call with this idempotency key (${call_id}) is over, but its outcome cannot be opened with the seal key in the data directory. Its usage record says what it cost; use a new key to run it again.`,
    { param: 'idempotency-key', details: { call_id }, cause },
  );
}

function notKept(call_id: string): AtpError {
  return new AtpError(
    'conflict',
    `The first call with this idempotency key (${call_id}) is over, but its outcome was not kept: it failed, was cancelled, or was larger than the router stores. Use a new key to run it again.`,
    { param: 'idempotency-key', details: { call_id } },
  );
}
