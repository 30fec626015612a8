import { AtpError } from '@atp-router/kernel';
import { describe, expect, test } from 'vitest';
import { type ArchivedClaim, type Claim, type ClaimArchive, IdempotencyIndex } from '../../src/engine/idempotency.ts';
import type { StoredOutcome } from '../../src/engine/outcome-store.ts';

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
  const time = { now_ms: 1_000 };
  const archive = {
    find: (scope_hash: string) => {
      asked.times += 1;
      return find(scope_hash);
    },
  };
  const index = new IdempotencyIndex(archive, sealer, { max_entries, max_bytes, now_ms: () => time.now_ms });
  return { index, asked, time };
}

async function isPending(claim: Promise<Claim>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([claim, Promise.resolve(pending)])) === pending;
}

function archived(more: Partial<ArchivedClaim> = {}): ArchivedClaim {
  return { body_hash: 'b', call_id: 'old', expires_ms: 5_000, sealed: undefined, interrupted: false, ...more };
}

describe('a key', () => {
  test('is claimed by the first; a repeat waits, and then gets the same outcome', async () => {
    const { index } = indexOf();
    expect(await index.claimOnce(REF, 'one')).toEqual({ kind: 'claimed' });
    const repeat = index.claimOnce(REF, 'two');
    expect(await isPending(repeat)).toBe(true);
    index.complete(REF, 'one', index.seal(OUTCOME), 5_000);
    const claim = await repeat;
    expect(claim).toMatchObject({ kind: 'replay', call_id: 'one', outcome: { stream: true, model: 'm', attempts: 2 } });
    if (claim.kind === 'replay') expect(Buffer.from(claim.outcome.body).toString()).toBe('bytes');
  });

  test('that is released without an outcome goes to one of those who wait, the others wait on', async () => {
    const { index, asked } = indexOf();
    await index.claimOnce(REF, 'one');
    const repeats = ['two', 'three', 'four'].map((id) => index.claimOnce(REF, id));
    index.release(REF);
    expect(await Promise.race(repeats)).toEqual({ kind: 'claimed' });
    const pending = await Promise.all(repeats.map(isPending));
    expect(pending.filter((is) => is)).toHaveLength(2);
    index.complete(REF, 'two', undefined, 5_000);
    const refused = (await Promise.all(repeats)).filter((claim) => claim.kind === 'refused');
    expect(refused.map((claim) => claim.error.code)).toEqual(['conflict', 'conflict']);
    expect(asked.times).toBe(1);
  });

  test("of which the archive cannot be asked is nobody's: neither who asked nor who waited behind may run the call", async () => {
    const down = new AtpError('internal_error', 'The tables are not there.');
    let answer = (): Promise<ArchivedClaim | undefined> => Promise.reject(down);
    const { index, asked } = indexOf(() => answer());
    const claims = ['one', 'two', 'three'].map((id) => index.claimOnce(REF, id));
    expect(await Promise.allSettled(claims)).toEqual(claims.map(() => ({ status: 'rejected', reason: down })));
    expect([asked.times, index.size]).toEqual([1, 0]);
    answer = () => Promise.resolve(archived());
    expect(await index.claimOnce(REF, 'four')).toMatchObject({ kind: 'refused', error: { code: 'conflict' } });
  });

  test('whose outcome was sealed with a key that is lost is refused, with the call that has the record', async () => {
    const index = new IdempotencyIndex(
      { find: () => Promise.resolve(archived({ sealed: 'AAAA' })) },
      {
        ...sealer,
        open: () => {
          throw new AtpError('internal_error', 'not with this key');
        },
      },
      { max_entries: 1, now_ms: () => 0 },
    );
    expect(await index.claimOnce(REF, 'two')).toMatchObject({
      kind: 'refused',
      error: { code: 'conflict', details: { call_id: 'old' } },
    });
  });

  test('with another body is refused, while the call runs and after it', async () => {
    const { index } = indexOf();
    await index.claimOnce(REF, 'one');
    const other = { ...REF, body_hash: 'other' };
    const running = await index.claimOnce(other, 'two');
    index.complete(REF, 'one', index.seal(OUTCOME), 5_000);
    const over = await index.claimOnce(other, 'three');
    for (const claim of [running, over]) {
      expect(claim.kind === 'refused' && claim.error).toMatchObject({ code: 'idempotency_mismatch', status: 422 });
    }
  });

  test('is free again when its time is over', async () => {
    const { index, time } = indexOf();
    await index.claimOnce(REF, 'one');
    index.complete(REF, 'one', index.seal(OUTCOME), 5_000);
    time.now_ms = 4_999;
    expect((await index.claimOnce(REF, 'two')).kind).toBe('replay');
    time.now_ms = 5_000;
    expect((await index.claimOnce(REF, 'three')).kind).toBe('claimed');
    // Claimed anew: the next repeat waits for that call.
    expect(await isPending(index.claimOnce(REF, 'four'))).toBe(true);
  });
});

describe('the archive', () => {
  test('is asked once for all who come at the same time', async () => {
    const { index, asked } = indexOf();
    const claims = ['one', 'two', 'three'].map((id) => index.claimOnce(REF, id));
    expect(await Promise.race(claims)).toEqual({ kind: 'claimed' });
    expect((await Promise.all(claims.map(isPending))).filter((is) => is)).toHaveLength(2);
    expect(asked.times).toBe(1);
  });

  test('answers for calls of earlier processes', async () => {
    const sealed = indexOf().index.seal(OUTCOME);
    const replayed = await indexOf(() => Promise.resolve(archived({ sealed }))).index.claimOnce(REF, 'new');
    expect(replayed).toMatchObject({ kind: 'replay', call_id: 'old' });
    const cut = await indexOf(() => Promise.resolve(archived({ interrupted: true }))).index.claimOnce(REF, 'new');
    expect(cut.kind === 'refused' && cut.error).toMatchObject({ code: 'call_interrupted', status: 409 });
    const lost = await indexOf(() => Promise.resolve(archived())).index.claimOnce(REF, 'new');
    expect(lost.kind === 'refused' && lost.error).toMatchObject({ code: 'conflict', status: 409 });
    const expired = await indexOf(() => Promise.resolve(archived({ expires_ms: 1_000 }))).index.claimOnce(REF, 'new');
    expect(expired.kind).toBe('claimed');
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

  test('who waits gets an outcome that leaves at once, or that is out of time', async () => {
    const { index, time } = indexOf(undefined, 1);
    await index.claimOnce(refOf(0), 'c0');
    await index.claimOnce(refOf(1), 'c1');
    const repeat = index.claimOnce(refOf(0), 'again');
    index.complete(refOf(0), 'c0', index.seal(OUTCOME), time.now_ms - 1);
    index.complete(refOf(1), 'c1', index.seal(OUTCOME), 5_000);
    expect(await repeat).toMatchObject({ kind: 'replay', call_id: 'c0' });
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

  test('running keys are never forgotten, however many there are', async () => {
    const { index } = indexOf(undefined, 1);
    for (let i = 0; i < 5; i += 1) expect((await index.claimOnce(refOf(i), `c${i}`)).kind).toBe('claimed');
    for (let i = 0; i < 5; i += 1) expect(await isPending(index.claimOnce(refOf(i), 'again'))).toBe(true);
    for (let i = 0; i < 5; i += 1) index.release(refOf(i));
  });
});
