import assert from 'node:assert/strict';
import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import type { BudgetAccount, BudgetAmounts, BudgetStore, ReserveResult } from '@atp-router/ledger';
import { type MakeStore, manualClock, type SuiteCase } from './suite.ts';

/** What a process's own accounts and budgets that routers share have in common: to hold before a call, to charge after it. */
export type Reserving = Pick<BudgetStore, 'reserve' | 'extend' | 'settle' | 'release' | 'totals'>;

const STEPS = 100;
const LEASE_MS = 1_000;
const NOTHING: BudgetAmounts = { calls: 0, tokens: 0, usd_nanos: 0 };
const DIMENSIONS = ['calls', 'tokens', 'usd_nanos'] as const;
const ACCOUNTS: readonly BudgetAccount[] = [
  { key: 'org:a|d1', limits: { usd_nanos: 40_000 } },
  { key: 'tenant:b|d1', limits: { calls: 30, tokens: 400 } },
  { key: 'key:c|d1', limits: {} },
];

interface Held {
  readonly accounts: readonly BudgetAccount[];
  amounts: BudgetAmounts;
  open: boolean;
}

/** Remembers every reservation and every charge, and computes each answer anew from them. */
class Model {
  readonly held: Map<string, Held> = new Map();
  readonly #charges: { readonly accounts: readonly BudgetAccount[]; readonly amounts: BudgetAmounts }[] = [];

  spent({ key }: BudgetAccount): BudgetAmounts {
    return sum(this.#charges.filter(({ accounts }) => accounts.some((one) => one.key === key)));
  }

  reserved({ key }: BudgetAccount): BudgetAmounts {
    return sum([...this.held.values()].filter((held) => held.open && held.accounts.some((one) => one.key === key)));
  }

  /** Undefined where nothing limits. */
  left(account: BudgetAccount, dimension: (typeof DIMENSIONS)[number]): number | undefined {
    const limit = account.limits[dimension];
    if (limit === undefined) return undefined;
    return limit - this.spent(account)[dimension] - this.reserved(account)[dimension];
  }

  /** Each limit that a demand does not fit; one that takes nothing fits everywhere. */
  refusals(accounts: readonly BudgetAccount[], wanted: BudgetAmounts): ReserveResult[] {
    return accounts.flatMap((account) =>
      DIMENSIONS.flatMap((dimension): ReserveResult[] => {
        const remaining = this.left(account, dimension);
        const fits = remaining === undefined || wanted[dimension] === 0 || wanted[dimension] <= remaining;
        return fits ? [] : [{ kind: 'refused', account: account.key, dimension, remaining }];
      }),
    );
  }

  end(id: string, actual: BudgetAmounts | undefined): boolean {
    const held = this.held.get(id);
    if (held === undefined || !held.open) return false;
    held.open = false;
    if (actual !== undefined) this.#charges.push({ accounts: held.accounts, amounts: actual });
    return true;
  }
}

/** A sequence of everything that may be done, each answer and all sums compared with those of a model. */
export function modelCase(make: MakeStore<Reserving>, seed: number): SuiteCase {
  return {
    name: `does what a model does, step by step (seed ${seed})`,
    async run() {
      const store = await make(manualClock());
      const model = new Model();
      const rng = seededRng(seed);
      for (let step = 0; step < STEPS; step += 1) {
        await oneStep(store, model, rng, step);
        const expected = ACCOUNTS.map((account) => {
          return { key: account.key, spent: model.spent(account), reserved: model.reserved(account) };
        });
        assert.deepEqual(await store.totals(ACCOUNTS.map(({ key }) => key)), expected);
      }
    },
  };
}

async function oneStep(store: Reserving, model: Model, rng: Rng, step: number): Promise<void> {
  const dice = rng.next();
  if (dice < 0.45) {
    const from = randomInt(rng, 0, ACCOUNTS.length - 1);
    const accounts = ACCOUNTS.slice(from, randomInt(rng, from + 1, ACCOUNTS.length));
    const amounts = someDemand(rng, model, accounts);
    const request = { reservation_id: `r${step}`, owner: 'n1', accounts, amounts, lease_ms: LEASE_MS };
    assertAnswer(await store.reserve(request), model.refusals(accounts, amounts), () => {
      model.held.set(`r${step}`, { accounts, amounts, open: true });
    });
    return;
  }
  // Also those that have ended or never were.
  const reservation_id = `r${randomInt(rng, 0, step)}`;
  const held = model.held.get(reservation_id);
  if (dice < 0.65) {
    const amounts = someDemand(rng, model, held?.accounts ?? ACCOUNTS);
    const answer = await store.extend({ reservation_id, amounts, lease_ms: LEASE_MS });
    if (held === undefined || !held.open) assert.deepEqual(answer, { kind: 'gone' });
    else {
      assertAnswer(answer, model.refusals(held.accounts, amounts), () => {
        held.amounts = sum([held, { amounts }]);
      });
    }
  } else if (dice < 0.9) {
    const actual = someAmounts(rng, 40);
    assert.equal(await store.settle(reservation_id, actual), model.end(reservation_id, actual));
  } else assert.equal(await store.release(reservation_id), model.end(reservation_id, undefined));
}

/** Which of several limits is named is the implementation's choice. */
function assertAnswer(answer: ReserveResult, refusals: readonly ReserveResult[], granted: () => void): void {
  if (answer.kind === 'refused') {
    const named = refusals.find((one) => {
      return one.kind === 'refused' && one.account === answer.account && one.dimension === answer.dimension;
    });
    assert.deepEqual(answer, named);
    return;
  }
  assert.deepEqual([answer, refusals], [{ kind: 'reserved' }, []]);
  granted();
}

/** A demand; now and then just what a limit has left, or one more. */
function someDemand(rng: Rng, model: Model, accounts: readonly BudgetAccount[]): BudgetAmounts {
  const amounts = someAmounts(rng, 60);
  const account = accounts[randomInt(rng, 0, accounts.length - 1)];
  const dimension = DIMENSIONS[randomInt(rng, 0, DIMENSIONS.length - 1)];
  const dice = rng.next();
  if (account === undefined || dimension === undefined || dice < 0.6) return amounts;
  const left = model.left(account, dimension) ?? 0;
  return { ...amounts, [dimension]: Math.max(0, left) + (dice < 0.8 ? 0 : 1) };
}

function someAmounts(rng: Rng, tokens_max: number): BudgetAmounts {
  const upTo = (max: number): number => (rng.next() < 0.3 ? 0 : randomInt(rng, 0, max));
  return { calls: upTo(1), tokens: upTo(tokens_max), usd_nanos: upTo(tokens_max * 100) };
}

function sum(list: readonly { readonly amounts: BudgetAmounts }[]): BudgetAmounts {
  return list.reduce((total, { amounts }) => {
    return {
      calls: total.calls + amounts.calls,
      tokens: total.tokens + amounts.tokens,
      usd_nanos: total.usd_nanos + amounts.usd_nanos,
    };
  }, NOTHING);
}
