import { AtpError, type Clock, type Timers, toAtpError } from '@atp-router/kernel';
import type { ClaimResult, IdempotencyRef, IdempotencyStore } from '@atp-router/ledger';
import {
  type Claim,
  type IdempotencyIndex,
  type IdempotencyKeys,
  keyInterrupted,
  keyMismatch,
  type Sealer,
} from '../engine/idempotency.ts';
import type { StoredOutcome } from '../engine/outcome-store.ts';
import type { Outbox } from './outbox.ts';
import type { Reach } from './reach.ts';

/** A claim is kept at least so long while its call runs, whatever the time to live of outcomes: no call runs for a day. */
const RUNNING_MS = 86_400_000;
/** Between questions for a call that runs elsewhere; doubles up to the longest. */
const POLL_FIRST_MS = 50;
const POLL_LONGEST_MS = 1_000;
/** Those who waited behind a refused request get its refusal; by then all of them have been woken. */
const REFUSAL_KEPT_MS = 1_000;
const REFUSALS_MAX = 1_000;

export interface SharedIdempotencyParts {
  readonly store: IdempotencyStore;
  readonly reach: Reach;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly sealer: Sealer;
  readonly owner: string;
  readonly elsewhere_ms: number;
}

/**
 * Idempotency keys that hold across routers. The process's own index comes first: it answers repeats of its own calls
 * from memory and lets one request at a time ask the store. The store then decides who runs the call.
 */
export class SharedIdempotency implements IdempotencyKeys {
  readonly #local: IdempotencyIndex;
  readonly #parts: SharedIdempotencyParts;
  /** Calls of this process that hold a claim in the store, by scope. */
  readonly #held: Map<string, string> = new Map();
  /** Calls whose claim this process asks for, holds, or has ended without a confirmation. */
  readonly #mine: Set<string> = new Set();
  readonly #refusals: Map<string, { readonly error: AtpError; readonly at_mono_ms: number }> = new Map();

  constructor(local: IdempotencyIndex, parts: SharedIdempotencyParts) {
    this.#local = local;
    this.#parts = parts;
  }

  get size(): number {
    return this.#local.size;
  }

  /** Whether this process still ends the claim of a call by itself. */
  has(call_id: string): boolean {
    return this.#mine.has(call_id);
  }

  async claimOnce(ref: IdempotencyRef, call_id: string, expires_ms: number): Promise<Claim> {
    const asked_mono_ms = this.#parts.clock.mono_ms();
    const mine = await this.#local.claimOnce(ref, call_id);
    if (mine.kind !== 'claimed') return mine;
    const refusal = this.#refusals.get(ref.scope_hash);
    if (refusal !== undefined && asked_mono_ms < refusal.at_mono_ms) return this.#refuse(ref, refusal.error);
    this.#mine.add(call_id);
    try {
      const claim = this.#decide(ref, await this.#ask(ref, call_id, expires_ms), call_id);
      if (claim.kind !== 'claimed') this.#mine.delete(call_id);
      return claim;
    } catch (error) {
      // Whether the store took the claim is unknown.
      this.#end(call_id, () => this.#parts.store.release({ scope_hash: ref.scope_hash, call_id }));
      return this.#refuseAll(ref, toAtpError(error));
    }
  }

  seal(outcome: StoredOutcome): string {
    return this.#local.seal(outcome);
  }

  complete(ref: IdempotencyRef, call_id: string, sealed: string | undefined, expires_ms: number): void {
    const { scope_hash } = ref;
    this.#held.delete(scope_hash);
    this.#local.complete(ref, call_id, sealed, expires_ms);
    const done = { scope_hash, call_id, sealed: sealed ?? '', expires_ms };
    this.#end(call_id, () => this.#parts.store.complete(done));
  }

  release(ref: IdempotencyRef): void {
    const { scope_hash } = ref;
    const call_id = this.#held.get(scope_hash);
    this.#held.delete(scope_hash);
    if (call_id !== undefined) this.#end(call_id, () => this.#parts.store.release({ scope_hash, call_id }));
    this.#local.release(ref);
  }

  /** Claims the key in the store; waits a bounded time for a call that runs elsewhere. */
  async #ask(ref: IdempotencyRef, call_id: string, expires_ms: number): Promise<ClaimResult> {
    const { store, reach, clock, owner, elsewhere_ms } = this.#parts;
    const { scope_hash, body_hash } = ref;
    const until_mono_ms = clock.mono_ms() + elsewhere_ms;
    for (let pause_ms = POLL_FIRST_MS; ; pause_ms = Math.min(POLL_LONGEST_MS, pause_ms * 2)) {
      const running_expires_ms = Math.max(expires_ms, clock.now_ms() + RUNNING_MS);
      const claim = { scope_hash, body_hash, call_id, owner, expires_ms: running_expires_ms };
      const found = await reach.ask(
        () => store.claimOnce(claim),
        (late) => {
          if (late.kind === 'claimed') this.#end(call_id, () => store.release({ scope_hash, call_id }));
        },
      );
      if (found.kind !== 'running' || clock.mono_ms() + pause_ms > until_mono_ms) return found;
      await this.#pause(pause_ms);
    }
  }

  #decide(ref: IdempotencyRef, found: ClaimResult, call_id: string): Claim {
    switch (found.kind) {
      case 'claimed':
        this.#held.set(ref.scope_hash, call_id);
        return { kind: 'claimed' };
      case 'mismatch':
        return this.#refuse(ref, keyMismatch());
      case 'interrupted':
        return this.#refuse(ref, keyInterrupted(found.call_id));
      case 'running':
        return this.#refuseAll(ref, runsElsewhere(found.call_id));
      case 'done':
        if (found.sealed !== '' && !this.#opens(found.sealed)) {
          return this.#refuseAll(ref, sealedElsewhere(found.call_id));
        }
        // From here on the process's own index answers, also those who wait for this request.
        return this.#local.adopt(ref, {
          ...{ body_hash: ref.body_hash, call_id: found.call_id, expires_ms: found.expires_ms, interrupted: false },
          sealed: found.sealed === '' ? undefined : found.sealed,
        });
    }
  }

  #opens(sealed: string): boolean {
    try {
      this.#parts.sealer.open(sealed);
      return true;
    } catch {
      return false;
    }
  }

  #refuse(ref: IdempotencyRef, error: AtpError): Claim {
    this.#local.release(ref);
    return { kind: 'refused', error };
  }

  /** Refuses this request, and those that wait behind it in this process. */
  #refuseAll(ref: IdempotencyRef, error: AtpError): Claim {
    const now_mono_ms = this.#parts.clock.mono_ms();
    for (const [scope_hash, { at_mono_ms }] of this.#refusals) {
      if (at_mono_ms + REFUSAL_KEPT_MS > now_mono_ms && this.#refusals.size < REFUSALS_MAX) break;
      this.#refusals.delete(scope_hash);
    }
    this.#refusals.delete(ref.scope_hash);
    this.#refusals.set(ref.scope_hash, { error, at_mono_ms: now_mono_ms });
    return this.#refuse(ref, error);
  }

  #end(call_id: string, tell: () => Promise<boolean>): void {
    this.#mine.add(call_id);
    const accepted = this.#parts.outbox.put(async () => {
      await this.#parts.reach.ask(tell);
      this.#mine.delete(call_id);
    });
    if (!accepted) this.#mine.delete(call_id);
  }

  #pause(delay_ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.timers.after(delay_ms, resolve);
    });
  }
}

function runsElsewhere(call_id: string): AtpError {
  return new AtpError(
    'backpressure',
    `The first call with this idempotency key (${call_id}) is still running at another router. Retry later to get its outcome.`,
    { param: 'idempotency-key', retry_after_ms: POLL_LONGEST_MS, details: { call_id } },
  );
}

function sealedElsewhere(call_id: string): AtpError {
  return new AtpError(
    'conflict',
    `The first call with this idempotency key (${call_id}) was answered by another router, whose stored outcomes this one cannot open. Its usage record says what it cost; ask that router, or give all of them the same store.seal_key.`,
    { param: 'idempotency-key', details: { call_id } },
  );
}
