import assert from 'node:assert/strict';
import { manualClock, type SuiteCase } from '@atp-router/adapters/suites';
import type { IdempotencyRef } from '@atp-router/ledger';
import type { Claim } from '../engine/idempotency.ts';
import {
  assertRefused,
  assertReplay,
  firstClaimed,
  type MakeKeys,
  Opened,
  OTHER_BODY,
  OUTCOME,
  REF,
  TTL_MS,
} from './claim-bench.ts';

/** What all `IdempotencyKeys` have to do, wherever they remember what they know. */
export function claimOnceSuite(make: MakeKeys): SuiteCase[] {
  const open = async (max_entries: number = 100): Promise<Opened> => {
    const clock = manualClock();
    return new Opened(await make({ max_entries, clock }), clock);
  };
  return [...claiming(open), ...ending(open), ...expiring(open), ...remembering(open), ...sealing(open)];
}

type Open = (max_entries?: number) => Promise<Opened>;

function claiming(open: Open): SuiteCase[] {
  return [
    {
      name: 'lets the first claim run, and answers a repeat with its outcome, also one that came meanwhile',
      async run() {
        const opened = await open();
        assert.deepEqual(await opened.claim('c1'), { kind: 'claimed' });
        const repeat = opened.claim('c2');
        assert.equal(await opened.waiting([repeat]), 1);
        opened.complete('c1');
        assertReplay(await repeat, 'c1', OUTCOME);
        assertReplay(await opened.claim('c3'), 'c1', OUTCOME);
      },
    },
    {
      name: 'lets exactly one of many at once run, and each key on its own',
      async run() {
        const opened = await open();
        const refs = [REF, { scope_hash: 's2', body_hash: 'b' }];
        const claims = refs.map((ref) => Array.from({ length: 8 }, (_, i) => opened.claim(`c${i}`, ref)));
        for (const [i, ref] of refs.entries()) {
          const mine = claims[i] ?? [];
          const winner = await firstClaimed(mine);
          assert.equal(await opened.waiting(mine), mine.length - 1);
          opened.complete(`c${winner}`, OUTCOME, ref);
          for (const [j, claim] of (await Promise.all(mine)).entries()) {
            if (j !== winner) assertReplay(claim, `c${winner}`, OUTCOME);
          }
        }
      },
    },
    {
      name: 'refuses another body while the call runs, after it, and when nothing was kept of it',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        assertRefused(await opened.claim('c2', OTHER_BODY), 'idempotency_mismatch');
        opened.complete('c1');
        assertRefused(await opened.claim('c3', OTHER_BODY), 'idempotency_mismatch');
        const [ref, other] = [REF, OTHER_BODY].map(({ body_hash }) => ({ scope_hash: 's2', body_hash }));
        await opened.claim('c4', ref);
        opened.completeEmpty('c4', ref);
        assertRefused(await opened.claim('c5', other), 'idempotency_mismatch');
      },
    },
  ];
}

function ending(open: Open): SuiteCase[] {
  return [
    {
      name: 'gives a key that is released to one of those who wait; the others wait on',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        const repeats = ['r0', 'r1', 'r2'].map((call_id) => opened.claim(call_id));
        opened.keys.release(REF);
        const winner = await firstClaimed(repeats);
        assert.equal(await opened.waiting(repeats), 2);
        opened.complete(`r${winner}`);
        for (const [i, claim] of (await Promise.all(repeats)).entries()) {
          if (i !== winner) assertReplay(claim, `r${winner}`, OUTCOME);
        }
      },
    },
    {
      name: 'frees a key that is released for a call with another body',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        opened.keys.release(REF);
        await opened.bench.kept();
        assert.deepEqual(await opened.claim('c2', OTHER_BODY), { kind: 'claimed' });
      },
    },
    {
      name: 'keeps the key of a call that cost something and left no outcome',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        const repeat = opened.claim('c2');
        opened.completeEmpty('c1');
        for (const claim of [await repeat, await opened.claim('c3')]) assertRefused(claim, 'conflict', 'c1');
      },
    },
  ];
}

function expiring(open: Open): SuiteCase[] {
  return [
    {
      name: 'lets a key be used again when its time is over, and not before',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        opened.complete('c1');
        await opened.bench.kept();
        opened.clock.advance(TTL_MS - 1);
        assertReplay(await opened.claim('c2'), 'c1', OUTCOME);
        opened.clock.advance(1);
        assert.deepEqual(await opened.claim('c3', OTHER_BODY), { kind: 'claimed' });
        assert.equal(await opened.waiting([opened.claim('c4', OTHER_BODY)]), 1);
      },
    },
    {
      name: 'keeps the key of a call that runs for longer than outcomes are kept',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        opened.clock.advance(2 * TTL_MS);
        const repeat = opened.claim('c2');
        assert.equal(await opened.waiting([repeat]), 1);
        opened.complete('c1');
        assertReplay(await repeat, 'c1', OUTCOME);
      },
    },
    {
      name: 'gives an outcome that is out of time at once to those who waited for it',
      async run() {
        const opened = await open();
        await opened.claim('c1');
        const repeat = opened.claim('c2');
        opened.keys.complete(REF, 'c1', opened.keys.seal(OUTCOME), opened.clock.now_ms() - 1);
        assertReplay(await repeat, 'c1', OUTCOME);
      },
    },
  ];
}

function remembering(open: Open): SuiteCase[] {
  const refOf = (i: number): IdempotencyRef => ({ scope_hash: `s${i}`, body_hash: 'b' });
  return [
    {
      name: 'holds so many keys in memory, and knows those that left it',
      async run() {
        const opened = await open(4);
        for (let i = 0; i < 20; i += 1) {
          await opened.claim(`c${i}`, refOf(i));
          opened.complete(`c${i}`, OUTCOME, refOf(i));
          assert.ok(opened.keys.size <= 4);
        }
        await opened.bench.kept();
        for (let i = 0; i < 20; i += 1) assertReplay(await opened.claim('again', refOf(i)), `c${i}`, OUTCOME);
        assert.ok(opened.keys.size <= 4);
      },
    },
    {
      name: 'forgets no call that runs, however many do',
      async run() {
        const opened = await open(1);
        const all = [0, 1, 2, 3, 4];
        for (const i of all) assert.equal((await opened.claim(`c${i}`, refOf(i))).kind, 'claimed');
        const repeats = all.map((i) => opened.claim('again', refOf(i)));
        assert.equal(await opened.waiting(repeats), 5);
        for (const i of all) opened.complete(`c${i}`, OUTCOME, refOf(i));
        for (const i of all) assertReplay(await repeats[i], `c${i}`, OUTCOME);
      },
    },
    {
      name: 'knows what processes before it left: outcomes, none, crashes, what cannot be opened, what is out of time',
      async run() {
        const { bench, keys, clock, later_ms } = await open();
        const claim = { body_hash: 'b', expires_ms: later_ms, sealed: undefined, interrupted: false };
        await bench.left(refOf(1), { ...claim, call_id: 'whole', sealed: keys.seal(OUTCOME) });
        await bench.left(refOf(2), { ...claim, call_id: 'none' });
        await bench.left(refOf(3), { ...claim, call_id: 'cut', interrupted: true });
        await bench.left(refOf(4), { ...claim, call_id: 'old', expires_ms: clock.now_ms() });
        await bench.left(refOf(5), { ...claim, call_id: 'foreign', sealed: 'c2VhbGVkIHdpdGggYW5vdGhlciBrZXk=' });
        const ask = (i: number): Promise<Claim> => keys.claimOnce(refOf(i), 'new', later_ms);
        for (let times = 0; times < 2; times += 1) {
          assertReplay(await ask(1), 'whole', OUTCOME);
          assertRefused(await ask(2), 'conflict', 'none');
          assertRefused(await ask(3), 'call_interrupted', 'cut');
          assertRefused(await ask(5), 'conflict', 'foreign');
          const other = await keys.claimOnce({ ...refOf(1), body_hash: 'other' }, 'new', later_ms);
          assertRefused(other, 'idempotency_mismatch');
        }
        assert.deepEqual(await ask(4), { kind: 'claimed' });
      },
    },
  ];
}

function sealing(open: Open): SuiteCase[] {
  return [
    {
      name: 'keeps outcomes sealed, whole, and never answers with one that was changed',
      async run() {
        const opened = await open();
        const text = 'what the model said to somebody';
        const sealed = opened.keys.seal({ ...OUTCOME, body: Buffer.from(text) });
        for (const encoding of ['utf8', 'base64', 'hex'] as const) {
          assert.equal(Buffer.from(sealed, encoding).includes(text), false);
        }
        const empty = { ...OUTCOME, stream: false, body: new Uint8Array(0) };
        await opened.claim('c1');
        opened.complete('c1', empty);
        assertReplay(await opened.claim('c2'), 'c1', empty);
        const at = Math.floor(sealed.length / 2);
        const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
        const ref = { scope_hash: 's2', body_hash: 'b' };
        await opened.claim('c3', ref);
        opened.keys.complete(ref, 'c3', changed, opened.later_ms);
        assertRefused(await opened.claim('c4', ref), 'conflict', 'c3');
      },
    },
  ];
}
