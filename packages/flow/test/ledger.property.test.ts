import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccountLedger, type AccountLimits, type Amounts, type Denial, type Reservation } from '../src/index.ts';

// The oracle keeps every reservation and settlement for ever and computes each answer from scratch.
const ACCOUNTS = ['org:a', 'tenant:b', 'tenant:c'] as const;
type Id = (typeof ACCOUNTS)[number];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Held {
  readonly reservation: Reservation;
  readonly accounts: readonly Id[];
  readonly day: number;
  amounts: Amounts;
  open: boolean;
}
interface Debit {
  readonly account: Id;
  readonly day: number;
  readonly amounts: Amounts;
}

type Op =
  | { readonly op: 'reserve'; readonly accounts: readonly Id[]; readonly amounts: Amounts }
  | { readonly op: 'adjust' | 'settle'; readonly pick: number; readonly amounts: Amounts }
  | { readonly op: 'release'; readonly pick: number }
  | { readonly op: 'limits'; readonly account: Id; readonly limits: AccountLimits }
  | { readonly op: 'advance'; readonly hours: number };

const amounts: fc.Arbitrary<Amounts> = fc.record({
  calls: fc.integer({ min: 0, max: 2 }),
  tokens: fc.integer({ min: 0, max: 60 }),
  usd_nanos: fc.integer({ min: 0, max: 9_000 }),
});
const limits: fc.Arbitrary<AccountLimits> = fc.record(
  {
    max_parallel: fc.integer({ min: 0, max: 5 }),
    max_tokens: fc.integer({ min: 0, max: 200 }),
    max_usd_micros: fc.integer({ min: 0, max: 30 }),
    usd_nanos_per_day: fc.integer({ min: 0, max: 60_000 }),
    tokens_per_day: fc.integer({ min: 0, max: 400 }),
    calls_per_day: fc.integer({ min: 0, max: 12 }),
  },
  { requiredKeys: [] },
);
const pick = fc.nat({ max: 1_000 });
const some = fc.subarray([...ACCOUNTS], { minLength: 1 });
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('reserve' as const), accounts: some, amounts }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('adjust' as const, 'settle' as const), pick, amounts }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('release' as const), pick }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('limits' as const), account: fc.constantFrom(...ACCOUNTS), limits }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('advance' as const), hours: fc.integer({ min: 1, max: 60 }) }) },
);

const add = (a: Amounts, b: Amounts): Amounts => ({
  calls: a.calls + b.calls,
  tokens: a.tokens + b.tokens,
  usd_nanos: a.usd_nanos + b.usd_nanos,
});
const sum = (list: readonly Amounts[]): Amounts => list.reduce(add, { calls: 0, tokens: 0, usd_nanos: 0 });

class Oracle {
  readonly ledger = new AccountLedger();
  readonly held: Held[] = [];
  readonly debits: Debit[] = [];
  readonly limits = new Map<Id, AccountLimits>();
  now_ms = 20_000 * DAY_MS + 5 * HOUR_MS;

  today(): number {
    return Math.floor(this.now_ms / DAY_MS);
  }

  outstanding(id: Id): Amounts {
    return sum(this.held.filter((h) => h.open && h.accounts.includes(id)).map((h) => h.amounts));
  }

  heldOn(id: Id, day: number): Amounts {
    return sum(this.held.filter((h) => h.open && h.day === day && h.accounts.includes(id)).map((h) => h.amounts));
  }

  usedOn(id: Id, day: number): Amounts {
    return sum(this.debits.filter((d) => d.account === id && d.day === day).map((d) => d.amounts));
  }

  /** Whether growth by `delta` fits; a dimension that does not grow always fits. */
  fits(accounts: readonly Id[], day: number, delta: Amounts): boolean {
    return accounts.every((id) => {
      const limit = this.limits.get(id) ?? {};
      const out = this.outstanding(id);
      const day_total = add(this.heldOn(id, day), this.usedOn(id, day));
      const ok = (grow: number, taken: number, max: number | undefined): boolean =>
        grow <= 0 || max === undefined || taken + grow <= max;
      const max_nanos = limit.max_usd_micros === undefined ? undefined : limit.max_usd_micros * 1_000;
      return (
        ok(delta.calls, out.calls, limit.max_parallel) &&
        ok(delta.tokens, out.tokens, limit.max_tokens) &&
        ok(delta.usd_nanos, out.usd_nanos, max_nanos) &&
        ok(delta.calls, day_total.calls, limit.calls_per_day) &&
        ok(delta.tokens, day_total.tokens, limit.tokens_per_day) &&
        ok(delta.usd_nanos, day_total.usd_nanos, limit.usd_nanos_per_day)
      );
    });
  }

  open(number: number): Held | undefined {
    const open = this.held.filter((h) => h.open);
    return open[number % Math.max(1, open.length)];
  }

  run(step: Op): void {
    if (step.op === 'advance') this.now_ms += step.hours * HOUR_MS;
    else if (step.op === 'limits') {
      this.ledger.setLimits(step.account, step.limits);
      this.limits.set(step.account, step.limits);
    } else if (step.op === 'reserve') this.reserve(step.accounts, step.amounts);
    else {
      const held = this.open(step.pick);
      if (held === undefined) return;
      if (step.op === 'adjust') this.adjust(held, step.amounts);
      else this.end(held, step.op === 'settle' ? step.amounts : undefined);
    }
  }

  reserve(accounts: readonly Id[], wanted: Amounts): void {
    const expected = this.fits(accounts, this.today(), wanted);
    const result = this.ledger.reserve(accounts, wanted, this.now_ms);
    expect(result.ok).toBe(expected);
    if (result.ok) {
      this.held.push({ reservation: result.reservation, accounts, day: this.today(), amounts: wanted, open: true });
    } else this.checkDenial(result, accounts, wanted);
  }

  /** A denial that can be waited for is one that would not happen with nothing outstanding. */
  checkDenial(denial: Denial, accounts: readonly Id[], wanted: Amounts): void {
    expect(accounts).toContain(denial.account);
    const kept = this.held.filter((h) => h.open);
    for (const h of kept) h.open = false;
    const empty = this.fits(accounts, this.today(), wanted);
    for (const h of kept) h.open = true;
    if (empty) expect(denial.waitable).toBe(true);
  }

  adjust(held: Held, wanted: Amounts): void {
    const delta = {
      calls: wanted.calls - held.amounts.calls,
      tokens: wanted.tokens - held.amounts.tokens,
      usd_nanos: wanted.usd_nanos - held.amounts.usd_nanos,
    };
    const expected = this.fits(held.accounts, held.day, delta);
    expect(this.ledger.adjust(held.reservation, wanted).ok).toBe(expected);
    if (expected) held.amounts = wanted;
  }

  end(held: Held, actual: Amounts | undefined): void {
    held.open = false;
    if (actual === undefined) this.ledger.release(held.reservation);
    else {
      this.ledger.settle(held.reservation, actual);
      for (const account of held.accounts) this.debits.push({ account, day: held.day, amounts: actual });
    }
    expect(() => this.ledger.settle(held.reservation, sum([]))).toThrow('exactly once');
    expect(() => this.ledger.release(held.reservation)).toThrow('exactly once');
  }

  check(): void {
    for (const id of ACCOUNTS) {
      const snapshot = this.ledger.snapshot(id, this.now_ms);
      if (snapshot === undefined) continue;
      expect(snapshot.outstanding).toEqual(this.outstanding(id));
      expect(snapshot.used).toEqual(this.usedOn(id, this.today()));
      expect(snapshot.held).toEqual(this.heldOn(id, this.today()));
      expect(snapshot.settled).toEqual(sum(this.debits.filter((d) => d.account === id).map((d) => d.amounts)));
      const budget = this.limits.get(id)?.tokens_per_day;
      const left = budget === undefined ? null : budget - snapshot.used.tokens - snapshot.held.tokens;
      expect(snapshot.remaining.budget_tokens).toBe(left);
      expect(snapshot.debt.tokens).toBe(left !== null && left < 0 ? -left : 0);
    }
  }
}

test('under any interleaving the ledger says what the oracle says', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 80 }), (ops) => {
      const oracle = new Oracle();
      for (const step of ops) {
        oracle.run(step);
        oracle.check();
      }
      for (const held of oracle.held) if (held.open) oracle.end(held, undefined);
      oracle.check();
      for (const id of ACCOUNTS) {
        const snapshot = oracle.ledger.snapshot(id, oracle.now_ms);
        if (snapshot !== undefined) expect(snapshot.outstanding).toEqual({ calls: 0, tokens: 0, usd_nanos: 0 });
      }
    }),
    { seed: 71, numRuns: 400 },
  );
});
