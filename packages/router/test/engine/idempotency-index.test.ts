import { aesGcmSealer } from '@atp-router/adapters';
import { AtpError, type Clock } from '@atp-router/kernel';
import type { IdempotencyRef } from '@atp-router/ledger';
import { describe, expect, test } from 'vitest';
import { type ArchivedClaim, type Claim, type ClaimArchive, IdempotencyIndex } from '../../src/engine/idempotency.ts';
import type { StoredOutcome } from '../../src/engine/outcome-store.ts';
import { claimOnceSuite, type KeysBench } from '../../src/suites/index.ts';

const REF = { scope_hash: 's', body_hash: 'b' };
const OUTCOME: StoredOutcome = {
  stream: true,
  model: 'm',
  cost_usd_micros: 7,
  attempts: 2,
  body: Buffer.from('bytes'),
};
const sealer = {
  seal: (plain: Uint8Array) => Buffer.from(plain).toString('base64'),
  open: (sealed: string) => Buffer.from(sealed, 'base64'),
};

/** An index over a made-up archive, and the number of times that was asked. */
function indexOf(find: ClaimArchive['find'] = () => Promise.resolve(undefined), max_entries = 100, max_bytes = 10_000) {
  const asked = { times: 0 };
  const archive = {
    find: (scope_hash: string) => {
      asked.times += 1;
      return find(scope_hash);
    },
  };
  const index = new IdempotencyIndex(archive, sealer, { max_entries, max_bytes, now_ms: () => 1_000 });
  return { index, asked };
}

/** The index with an archive of all that ended, as the journal's tables are one. */
class Journaled extends IdempotencyIndex {
  readonly #archive: Map<string, ArchivedClaim>;

  constructor(max_entries: number, clock: Clock) {
    const archive = new Map<string, ArchivedClaim>();
    const find: ClaimArchive['find'] = async (scope_hash) => archive.get(scope_hash);
    super({ find }, aesGcmSealer(new Uint8Array(32)), { max_entries, now_ms: clock.now_ms });
    this.#archive = archive;
  }

  override complete(ref: IdempotencyRef, call_id: string, sealed: string | undefined, expires_ms: number): void {
    const { scope_hash, body_hash } = ref;
    this.#archive.set(scope_hash, { body_hash, call_id, expires_ms, sealed, interrupted: false });
    super.complete(ref, call_id, sealed, expires_ms);
  }

  get bench(): KeysBench {
    return {
      keys: this,
      left: async ({ scope_hash }, claim) => void this.#archive.set(scope_hash, claim),
      kept: async () => undefined,
    };
  }
}

async function isPending(claim: Promise<Claim>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([claim, Promise.resolve(pending)])) === pending;
}

function archived(more: Partial<ArchivedClaim> = {}): ArchivedClaim {
  return { body_hash: 'b', call_id: 'old', expires_ms: 5_000, sealed: undefined, interrupted: false, ...more };
}

describe('the index over the journal', () => {
  for (const { name, run } of claimOnceSuite(
    async ({ max_entries, clock }) => new Journaled(max_entries, clock).bench,
  )) {
    test(name, run);
  }
});

describe('the archive', () => {
  test('is asked once for all who come at the same time', async () => {
    const { index, asked } = indexOf();
    const claims = ['one', 'two', 'three'].map((id) => index.claimOnce(REF, id));
    expect(await Promise.race(claims)).toEqual({ kind: 'claimed' });
    expect((await Promise.all(claims.map(isPending))).filter((is) => is)).toHaveLength(2);
    expect(asked.times).toBe(1);
  });

  test('that cannot be asked leaves a key to nobody: neither who asked nor who waited behind may run the call', async () => {
    const down = new AtpError('internal_error', 'The tables are not there.');
    let answer = (): Promise<ArchivedClaim | undefined> => Promise.reject(down);
    const { index, asked } = indexOf(() => answer());
    const claims = ['one', 'two', 'three'].map((id) => index.claimOnce(REF, id));
    expect(await Promise.allSettled(claims)).toEqual(claims.map(() => ({ status: 'rejected', reason: down })));
    expect([asked.times, index.size]).toEqual([1, 0]);
    answer = () => Promise.resolve(archived());
    expect(await index.claimOnce(REF, 'four')).toMatchObject({ kind: 'refused', error: { code: 'conflict' } });
  });

  test('that does not answer fails those who asked, and is asked again by the next', async () => {
    let broken = true;
    const { index, asked } = indexOf(() =>
      broken ? Promise.reject(new AtpError('internal_error', 'away')) : Promise.resolve(undefined),
    );
    await expect(index.claimOnce(REF, 'one')).rejects.toThrow('away');
    expect(index.size).toBe(0);
    broken = false;
    expect((await index.claimOnce(REF, 'two')).kind).toBe('claimed');
    expect(asked.times).toBe(2);
  });
});

describe('what is remembered is bounded', () => {
  const refOf = (i: number) => ({ scope_hash: `s${i}`, body_hash: 'b' });

  test('the oldest finished keys leave first and are found in the archive', async () => {
    const { index, asked } = indexOf(undefined, 3);
    for (let i = 0; i < 5; i += 1) {
      await index.claimOnce(refOf(i), `c${i}`);
      index.complete(refOf(i), `c${i}`, index.seal(OUTCOME), 5_000);
    }
    expect(index.size).toBeLessThanOrEqual(4);
    const before = asked.times;
    expect((await index.claimOnce(refOf(4), 'again')).kind).toBe('replay');
    expect(asked.times).toBe(before);
    await index.claimOnce(refOf(0), 'again');
    expect(asked.times).toBe(before + 1);
  });

  test('in bytes as well: outcomes leave, and the newest stays whatever its size', async () => {
    const { index, asked } = indexOf(undefined, 100, 1_000);
    const large = { ...OUTCOME, body: Buffer.alloc(300) };
    const huge = { ...OUTCOME, body: Buffer.alloc(3_000) };
    for (const [i, outcome] of [large, large, large, large, huge].entries()) {
      await index.claimOnce(refOf(i), `c${i}`);
      index.complete(refOf(i), `c${i}`, index.seal(outcome), 5_000);
      expect(index.size).toBeLessThanOrEqual(2);
    }
    expect(index.size).toBe(1);
    expect((await index.claimOnce(refOf(4), 'again')).kind).toBe('replay');
    expect(asked.times).toBe(5);
    // What left is not counted any more.
    await index.claimOnce(refOf(5), 'c5');
    index.complete(refOf(5), 'c5', index.seal(large), 5_000);
    expect((await index.claimOnce(refOf(5), 'again')).kind).toBe('replay');
  });

  test('outcomes that the archive knows count as well', async () => {
    const sealed = indexOf().index.seal(OUTCOME);
    const { index } = indexOf(() => Promise.resolve(archived({ sealed })), 3);
    for (let i = 0; i < 20; i += 1) expect((await index.claimOnce(refOf(i), 'new')).kind).toBe('replay');
    expect(index.size).toBeLessThanOrEqual(3);
  });

  test('only so many repeats of one request wait', async () => {
    const { index } = indexOf();
    await index.claimOnce(REF, 'first');
    const waits = Array.from({ length: 1_000 }, (_, i) => index.claimOnce(REF, `c${i}`));
    const refused = await index.claimOnce(REF, 'one too many');
    expect(refused).toMatchObject({ kind: 'refused', error: { code: 'backpressure', retryable: true } });
    index.complete(REF, 'first', index.seal(OUTCOME), 5_000);
    expect((await Promise.all(waits)).every(({ kind }) => kind === 'replay')).toBe(true);
  });
});
