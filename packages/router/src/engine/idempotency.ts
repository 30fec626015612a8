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

type Entry =
  | { kind: 'asking'; waiters: (() => void)[] }
  | { kind: 'running'; body_hash: string; call_id: string; waiters: (() => void)[] }
  | ({ kind: 'over' } & ArchivedClaim);

export interface IdempotencyOptions {
  /** Keys in memory, asked each time; the oldest finished ones leave first and are then found in the archive. */
  readonly max_entries: number;
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
      if (entry === undefined) {
        await this.#ask(ref.scope_hash);
      } else if (entry.kind === 'asking') {
        await new Promise<void>((resolve) => entry.waiters.push(resolve));
      } else if (entry.body_hash !== ref.body_hash) {
        return { kind: 'refused', error: keyMismatch() };
      } else if (entry.kind === 'running') {
        await new Promise<void>((resolve) => entry.waiters.push(resolve));
        // Released without an outcome: this repeat is the first again.
      } else if (entry.expires_ms <= this.#options.now_ms()) {
        this.#entries.delete(ref.scope_hash);
        return this.#take(ref, call_id);
      } else {
        return this.#settled(entry);
      }
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
    this.#finish(ref.scope_hash, {
      kind: 'over',
      body_hash: ref.body_hash,
      call_id,
      expires_ms,
      sealed,
      interrupted: false,
    });
  }

  release(ref: IdempotencyRef): void {
    this.#finish(ref.scope_hash, undefined);
  }

  #take(ref: IdempotencyRef, call_id: string): Claim {
    this.#entries.set(ref.scope_hash, { kind: 'running', body_hash: ref.body_hash, call_id, waiters: [] });
    this.#evict();
    return { kind: 'claimed' };
  }

  /** Reads the archive once for all who ask at the same time. */
  async #ask(scope_hash: string): Promise<void> {
    const entry: Entry = { kind: 'asking', waiters: [] };
    this.#entries.set(scope_hash, entry);
    let found: ArchivedClaim | undefined;
    try {
      found = await this.#archive.find(scope_hash);
    } catch (error) {
      this.#finish(scope_hash, undefined);
      throw error;
    }
    const fresh = found !== undefined && found.expires_ms > this.#options.now_ms() ? found : undefined;
    this.#finish(scope_hash, fresh === undefined ? undefined : { kind: 'over', ...fresh });
  }

  #finish(scope_hash: string, over: Entry | undefined): void {
    const entry = this.#entries.get(scope_hash);
    if (over === undefined) this.#entries.delete(scope_hash);
    else this.#entries.set(scope_hash, over);
    if (entry !== undefined && entry.kind !== 'over') for (const wake of entry.waiters) wake();
  }

  #settled(entry: ArchivedClaim): Claim {
    if (entry.interrupted) return { kind: 'refused', error: keyInterrupted(entry.call_id) };
    if (entry.sealed === undefined) return { kind: 'refused', error: notKept(entry.call_id) };
    const bytes = Buffer.from(this.#sealer.open(entry.sealed));
    const size = bytes.readUInt32BE(0);
    const head = JSON.parse(bytes.toString('utf8', 4, 4 + size)) as Omit<StoredOutcome, 'body'>;
    return { kind: 'replay', call_id: entry.call_id, outcome: { ...head, body: bytes.subarray(4 + size) } };
  }

  #evict(): void {
    if (this.#entries.size <= this.#options.max_entries) return;
    for (const [key, entry] of this.#entries) {
      if (entry.kind !== 'over') continue;
      this.#entries.delete(key);
      if (this.#entries.size <= this.#options.max_entries) return;
    }
    // What is left are running calls, which are bounded by the calls in flight: they must not be forgotten.
  }
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

function notKept(call_id: string): AtpError {
  return new AtpError(
    'conflict',
    `The first call with this idempotency key (${call_id}) is over, but its outcome was not kept: it failed, was cancelled, or was larger than the router stores. Use a new key to run it again.`,
    { param: 'idempotency-key', details: { call_id } },
  );
}
