import { type Reserving, reservingSuite } from '@atp-router/adapters/suites';
import { AccountLedger, type Denial, type LimitDimension, type Reservation } from '@atp-router/flow';
import type { BudgetAmounts, BudgetDimension, BudgetLimits, ReserveResult } from '@atp-router/ledger';
import { describe, it } from 'vitest';

const DIMENSIONS: Readonly<Partial<Record<LimitDimension, BudgetDimension>>> = {
  budget_calls: 'calls',
  budget_tokens: 'tokens',
  budget_usd: 'usd_nanos',
};

const NOTHING: BudgetAmounts = { calls: 0, tokens: 0, usd_nanos: 0 };

/**
 * The accounts of a process as if they were a store: the limits that a request brings are set first, ids stand for the
 * reservations themselves. One day; its name is in the keys.
 */
function inProcess(now_ms: number): Reserving {
  const ledger = new AccountLedger();
  const held = new Map<string, Reservation>();
  const openOf = (id: string): Reservation | undefined => {
    const reservation = held.get(id);
    return reservation?.state === 'open' ? reservation : undefined;
  };
  return {
    async reserve({ reservation_id, accounts, amounts }) {
      for (const { key, limits } of accounts) ledger.setLimits(key, dailyLimits(limits));
      const keys = accounts.map(({ key }) => key);
      const result = ledger.reserve(keys, amounts, now_ms);
      if (!result.ok) return refused(result);
      held.set(reservation_id, result.reservation);
      return { kind: 'reserved' };
    },
    async extend({ reservation_id, amounts }) {
      const reservation = openOf(reservation_id);
      if (reservation === undefined) return { kind: 'gone' };
      const { calls, tokens, usd_nanos } = reservation;
      const total = {
        ...{ calls: calls + amounts.calls, tokens: tokens + amounts.tokens },
        usd_nanos: usd_nanos + amounts.usd_nanos,
      };
      const result = ledger.adjust(reservation, total);
      return result.ok ? { kind: 'reserved' } : refused(result);
    },
    async settle(id, actual) {
      const reservation = openOf(id);
      if (reservation !== undefined) ledger.settle(reservation, actual);
      return reservation !== undefined;
    },
    async release(id) {
      const reservation = openOf(id);
      if (reservation !== undefined) ledger.release(reservation);
      return reservation !== undefined;
    },
    async totals(keys) {
      return keys.map((key) => {
        const snapshot = ledger.snapshot(key, now_ms);
        return { key, spent: snapshot?.used ?? NOTHING, reserved: snapshot?.held ?? NOTHING };
      });
    },
  };
}

function dailyLimits({ calls, tokens, usd_nanos }: BudgetLimits) {
  return { calls_per_day: calls, tokens_per_day: tokens, usd_nanos_per_day: usd_nanos };
}

function refused({ account, dimension, available }: Denial): ReserveResult {
  const known = DIMENSIONS[dimension];
  if (known === undefined) throw new Error(`${dimension} is no budget`);
  return { kind: 'refused', account, dimension: known, remaining: available };
}

describe('the accounts of one process hold budgets as shared ones do', () => {
  for (const { name, run } of reservingSuite(async (clock) => inProcess(clock.now_ms()))) it(name, run);
});
