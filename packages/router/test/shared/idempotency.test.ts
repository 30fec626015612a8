import { aesGcmSealer, systemClock } from '@atp-router/adapters';
import { AtpError, type Clock } from '@atp-router/kernel';
import type { IdempotencyRef, IdempotencyStore } from '@atp-router/ledger';
import { afterAll, describe, expect, it } from 'vitest';
import type { IdempotencyKeys } from '../../src/engine/idempotency.ts';
import type { StoredOutcome } from '../../src/engine/outcome-store.ts';
import { sealerOf } from '../../src/shared/sealer.ts';
import type { SharedState, SharedStores } from '../../src/shared/shared-state.ts';
import { claimOnceSuite, type KeysBench } from '../../src/suites/index.ts';
import { confirmed, openState, type StateOptions, truthOf } from './support/states.ts';
import { backends } from './support/stores.ts';

const ref = (scope: string, body = 'b1'): IdempotencyRef => ({ scope_hash: scope, body_hash: body });
const later = (): number => systemClock.now_ms() + 60_000;
const outcome = (text: string): StoredOutcome => {
  return { stream: false, model: 'm', cost_usd_micros: 7, attempts: 1, body: Buffer.from(text) };
};

interface Opened {
  readonly state: SharedState;
  readonly keys: IdempotencyKeys;
  readonly stores: SharedStores;
}

async function router(
  node_id: string,
  connect: () => Promise<SharedStores>,
  over: Partial<StateOptions> = {},
): Promise<Opened> {
  const stores = await connect();
  const state = await openState({ stores, node_id, ...over });
  return { state, keys: state.keys({ max_entries: 100, now_ms: systemClock.now_ms }), stores };
}

/** Runs the call if it may: what a router does with a claim. */
async function run({ keys }: Opened, at: IdempotencyRef, call_id: string, text: string): Promise<string> {
  const claim = await keys.claimOnce(at, call_id, later());
  if (claim.kind === 'refused') return claim.error.code;
  if (claim.kind === 'replay') return `${Buffer.from(claim.outcome.body).toString()} again`;
  keys.complete(at, call_id, keys.seal(outcome(text)), later());
  return text;
}

/** The keys of a router that is alone with its store. */
async function alone(stores: SharedStores, max_entries: number, clock: Clock): Promise<KeysBench> {
  const state = await openState({ stores, node_id: 'a', clock });
  return {
    keys: state.keys({ max_entries, now_ms: clock.now_ms }),
    async left({ scope_hash, body_hash }, { call_id, expires_ms, sealed = '', interrupted }) {
      await stores.claims.claimOnce({ scope_hash, body_hash, call_id, owner: 'a', expires_ms });
      if (interrupted) await stores.claims.interrupt({ scope_hash, call_id });
      else await stores.claims.complete({ scope_hash, call_id, sealed, expires_ms });
    },
    kept: () => confirmed(state),
  };
}

for (const backend of backends()) {
  describe.skipIf(backend.absent)(`idempotency keys in ${backend.name}`, () => {
    afterAll(() => backend.close());
    const open = (): Promise<() => Promise<SharedStores>> => backend.open(systemClock);

    const cases = claimOnceSuite(async ({ max_entries, clock }) => {
      const connect = await backend.open(clock);
      return alone(await connect(), max_entries, clock);
    });
    for (const { name, run: check } of cases) it(`of one router: ${name}`, check);

    it('let one router run a call, and the others replay it', async () => {
      const connect = await open();
      const [a, b] = await Promise.all([router('a', connect), router('b', connect)]);
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => run(i % 2 ? a : b, ref('s'), `c${i}`, `${i}`)),
      );
      const ran = answers.filter((text) => !text.endsWith('again'));
      expect(ran).toHaveLength(1);
      expect(new Set(answers)).toEqual(new Set([ran[0], `${ran[0]} again`]));
      await confirmed(a.state, b.state);
      const c = await router('c', connect);
      expect(await run(c, ref('s'), 'c9', 'never')).toBe(`${ran[0]} again`);
      expect(await run(c, ref('s', 'b2'), 'c9', 'never')).toBe('idempotency_mismatch');
      expect(await run(a, ref('s', 'b2'), 'c9', 'never')).toBe('idempotency_mismatch');
    });

    it('are free again at every router when the call left no outcome', async () => {
      const connect = await open();
      const [a, b] = await Promise.all([router('a', connect), router('b', connect)]);
      await a.keys.claimOnce(ref('s'), 'c1', later());
      const waiting = run(b, ref('s'), 'c2', 'second');
      a.keys.release(ref('s'));
      expect(await waiting).toBe('second');
      expect(await run(a, ref('s'), 'c3', 'third')).toBe('second again');
    });

    it('ask to retry after a bounded wait for a call that runs elsewhere, to all who wait', async () => {
      const connect = await open();
      const impatient = { tuning: { elsewhere_ms: 100 } };
      const [a, b] = await Promise.all([router('a', connect), router('b', connect, impatient)]);
      await a.keys.claimOnce(ref('s'), 'c1', later());
      const many = Array.from({ length: 5 }, (_, i) => b.keys.claimOnce(ref('s'), `d${i}`, later()));
      for (const claim of await Promise.all(many)) {
        expect(claim).toMatchObject({
          kind: 'refused',
          error: { code: 'backpressure', retryable: true, retry_after_ms: 1_000, details: { call_id: 'c1' } },
        });
      }
      expect(await run(b, ref('t'), 'e1', 'other key')).toBe('other key');
    });

    it('answer 409 with the record where the outcome cannot be opened', async () => {
      const connect = await open();
      const a = await router('a', connect);
      const b = await router('b', connect, { seal_key: new Uint8Array(32).fill(1) });
      await run(a, ref('s'), 'c1', 'sealed');
      await confirmed(a.state);
      const claim = await b.keys.claimOnce(ref('s'), 'c2', later());
      expect(claim).toMatchObject({ kind: 'refused', error: { code: 'conflict', details: { call_id: 'c1' } } });
      expect(String((claim as { error: AtpError }).error.message)).toContain('store.seal_key');
    });

    it('replay nothing of an outcome that was not kept', async () => {
      const connect = await open();
      const [a, b] = await Promise.all([router('a', connect), router('b', connect)]);
      await a.keys.claimOnce(ref('s'), 'c1', later());
      a.keys.complete(ref('s'), 'c1', undefined, later());
      await confirmed(a.state);
      expect(await run(b, ref('s'), 'c2', 'never')).toBe('conflict');
    });

    it('are ended by the journal after a crash: replayed, reported as interrupted, or freed', async () => {
      const connect = await open();
      const before = await router('a', connect);
      for (const scope of ['stored', 'cut', 'never_opened']) await before.keys.claimOnce(ref(scope), scope, later());
      const after = await router('a', connect);
      const sealed = before.keys.seal(outcome('from the journal'));
      const known = { body_hash: 'b1', expires_ms: later() };
      await after.state.start(
        truthOf(
          {},
          {
            stored: { ...known, call_id: 'stored', sealed, interrupted: false },
            cut: { ...known, call_id: 'cut', sealed: undefined, interrupted: true },
          },
        ),
      );
      const b = await router('b', connect);
      expect(await run(b, ref('stored'), 'd1', 'never')).toBe('from the journal again');
      expect(await run(b, ref('cut'), 'd2', 'never')).toBe('call_interrupted');
      expect(await run(b, ref('never_opened'), 'd3', 'now it runs')).toBe('now it runs');
      await after.state.close();
    });
  });
}

describe('idempotency keys in a store out of reach', () => {
  it('refuse with 503, and leave no claim behind once it is back', async () => {
    const [memory] = backends();
    const stores = await (await memory?.open(systemClock))?.();
    if (stores === undefined) throw new Error('no store');
    let away = true;
    const flaky: IdempotencyStore = new Proxy(stores.claims, {
      get(target, name: keyof IdempotencyStore) {
        return async (...args: never[]) => {
          // Done, but the answer is lost.
          const answer: unknown = await (target[name] as (...given: never[]) => Promise<unknown>).apply(target, args);
          if (away) throw Object.assign(new Error('gone'), { code: 'CONNECTION_CLOSED' });
          return answer;
        };
      },
    });
    const a = await router('a', async () => ({ ...stores, claims: flaky }));
    expect(await a.keys.claimOnce(ref('s'), 'c1', later())).toMatchObject({
      kind: 'refused',
      error: { code: 'internal_error', status: 503, message: expect.stringContaining('CONNECTION_CLOSED') },
    });
    away = false;
    await confirmed(a.state);
    const b = await router('b', async () => stores);
    expect(await run(b, ref('s'), 'c2', 'free')).toBe('free');
  });
});

describe('seals', () => {
  it('are made with the first key and opened with any', () => {
    const [one, two, three] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const both = sealerOf(one, two);
    const plain = Buffer.from('plain');
    expect(Buffer.from(both.open(both.seal(plain))).toString()).toBe('plain');
    expect(Buffer.from(both.open(aesGcmSealer(two).seal(plain))).toString()).toBe('plain');
    expect(Buffer.from(aesGcmSealer(one).open(both.seal(plain))).toString()).toBe('plain');
    expect(() => both.open(aesGcmSealer(three).seal(plain))).toThrow(AtpError);
  });
});
