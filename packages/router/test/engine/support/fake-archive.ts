import type { RouterEvent } from '@atp-router/ledger';
import { idempotencyChange, type IdempotencyRow, isReleased, type JournalRecord } from '@atp-router/ledger';
import type { ArchivedClaim, ClaimArchive } from '../../../src/engine/idempotency.ts';
import type { Draw } from '@atp-router/kernel/testing';
import type { VirtualTime } from './virtual-time.ts';

/** The tables of a history: what its journal says of the keys, late, and sometimes not at all. */
export class FakeArchive implements ClaimArchive {
  readonly #time: VirtualTime;
  readonly #draw: Draw;
  readonly #events: readonly RouterEvent[];

  constructor(time: VirtualTime, draw: Draw, events: readonly RouterEvent[]) {
    this.#time = time;
    this.#draw = draw;
    this.#events = events;
  }

  async find(scope_hash: string): Promise<ArchivedClaim | undefined> {
    await new Promise<void>((resolve) => void this.#time.after(this.#draw.int(0, 20), resolve));
    if (this.#draw.chance(0.05)) throw new Error('history: the archive does not answer');
    const row = this.#row(scope_hash);
    // A call that runs is in memory; one that the tables have as running has just ended without an outcome.
    if (row === undefined || row.state === 'running') return undefined;
    const { body_hash, call_id, expires_ms, sealed, state } = row;
    return {
      body_hash,
      call_id,
      expires_ms,
      sealed: sealed === '' ? undefined : sealed,
      interrupted: state !== 'done',
    };
  }

  #row(scope_hash: string): IdempotencyRow | undefined {
    let row: IdempotencyRow | undefined;
    for (const event of this.#events) {
      const change = idempotencyChange({ v: 1, seq: 0, ts_ms: this.#time.now_ms(), ...event } as JournalRecord);
      if (change?.kind === 'put' && change.row.scope_hash === scope_hash) row = change.row;
      else if (change?.kind === 'release' && isReleased(row, change.call_id)) row = undefined;
    }
    return row;
  }
}
