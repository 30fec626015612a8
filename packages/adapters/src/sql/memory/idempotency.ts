import { AtpError, type Clock } from '@atp-router/kernel';
import type { Claim, ClaimResult, HeldClaim, IdempotencyStore } from '@atp-router/ledger';

interface Entry extends Claim {
  readonly state: 'running' | 'done' | 'interrupted';
  readonly sealed: string;
}

/** Keys that are remembered at once; a stored outcome may be large, so their sum is bounded too. */
const ENTRIES_MAX = 100_000;
const SEALED_CHARS_MAX = 268_435_456;

/** For one process. Forgets everything when it ends. */
export function memoryIdempotencyStore(clock: Clock): IdempotencyStore {
  return new MemoryIdempotencyStore(clock);
}

class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #clock: Clock;
  readonly #entries: Map<string, Entry> = new Map();
  #sealed_chars = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async claimOnce(claim: Claim): Promise<ClaimResult> {
    const found = this.#entries.get(claim.scope_hash);
    if (found === undefined || found.expires_ms <= this.#clock.now_ms()) {
      this.#makeRoom();
      this.#set({ ...claim, state: 'running', sealed: '' });
      return { kind: 'claimed' };
    }
    const { call_id, sealed, state, expires_ms } = found;
    if (found.body_hash !== claim.body_hash) return { kind: 'mismatch' };
    return state === 'done' ? { kind: 'done', call_id, sealed, expires_ms } : { kind: state, call_id };
  }

  async complete(done: Parameters<IdempotencyStore['complete']>[0]): Promise<boolean> {
    const found = this.#held(done.scope_hash, done.call_id);
    if (found === undefined) return false;
    // The outcome of one call is given up rather than the memory of the process; it then replays as too large to keep.
    const fits = this.#sealed_chars + done.sealed.length <= SEALED_CHARS_MAX;
    this.#set({ ...found, state: 'done', sealed: fits ? done.sealed : '', expires_ms: done.expires_ms });
    return true;
  }

  async interrupt(claim: { readonly scope_hash: string; readonly call_id: string }): Promise<boolean> {
    const found = this.#held(claim.scope_hash, claim.call_id);
    if (found !== undefined) this.#set({ ...found, state: 'interrupted' });
    return found !== undefined;
  }

  async release(claim: { readonly scope_hash: string; readonly call_id: string }): Promise<boolean> {
    const found = this.#held(claim.scope_hash, claim.call_id);
    if (found !== undefined) this.#delete(found);
    return found !== undefined;
  }

  async running(owner: string, limit: number, after: string = ''): Promise<readonly HeldClaim[]> {
    const mine = [...this.#entries.values()].filter((entry) => {
      return entry.owner === owner && entry.state === 'running' && entry.scope_hash > after;
    });
    return mine
      .sort((a, b) => (a.scope_hash < b.scope_hash ? -1 : 1))
      .slice(0, limit)
      .map(({ scope_hash, call_id }) => ({ scope_hash, call_id }));
  }

  async forgetExpired(limit: number): Promise<number> {
    return this.#forget(limit);
  }

  #held(scope_hash: string, call_id: string): Entry | undefined {
    const found = this.#entries.get(scope_hash);
    return found?.call_id === call_id && found.state === 'running' ? found : undefined;
  }

  #forget(limit: number): number {
    const now_ms = this.#clock.now_ms();
    let forgotten = 0;
    for (const entry of this.#entries.values()) {
      if (forgotten >= limit) break;
      if (entry.expires_ms > now_ms) continue;
      this.#delete(entry);
      forgotten += 1;
    }
    return forgotten;
  }

  #makeRoom(): void {
    if (this.#entries.size < ENTRIES_MAX || this.#forget(ENTRIES_MAX) > 0) return;
    throw new AtpError('backpressure', 'Too many idempotency keys are remembered. Retry later, or without a key.');
  }

  #set(entry: Entry): void {
    const before = this.#entries.get(entry.scope_hash);
    this.#sealed_chars += entry.sealed.length - (before?.sealed.length ?? 0);
    this.#entries.set(entry.scope_hash, entry);
  }

  #delete(entry: Entry): void {
    this.#sealed_chars -= entry.sealed.length;
    this.#entries.delete(entry.scope_hash);
  }
}
