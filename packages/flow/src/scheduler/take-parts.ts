import type { Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import type { Reservation } from '../reservation.ts';
import type { Part } from './ticket.ts';

export type Taken =
  | { readonly ok: true; readonly reservations: readonly Reservation[] }
  | { readonly ok: false; readonly denial: Denial; readonly thrown?: undefined }
  /** The ledger threw: nothing is taken. */
  | { readonly ok: false; readonly thrown: unknown; readonly denial?: undefined };

/** Takes all parts of a demand, or none. */
export function takeParts(ledger: AccountLedger, parts: readonly Part[], qos: Qos, now_ms: number): Taken {
  const reservations: Reservation[] = [];
  const before: Amounts[] = [];
  try {
    for (const part of parts) {
      const denial = part.kind === 'reserve' ? reserve(part, reservations) : grow(part, reservations);
      if (denial === undefined) continue;
      undo();
      return { ok: false, denial };
    }
  } catch (thrown) {
    undo();
    return { ok: false, thrown };
  }
  return { ok: true, reservations };

  function reserve(
    { accounts, amounts }: Extract<Part, { kind: 'reserve' }>,
    taken: Reservation[],
  ): Denial | undefined {
    const result = ledger.reserve(accounts, amounts, now_ms, qos);
    if (!result.ok) return result;
    before.push(amounts);
    taken.push(result.reservation);
    return undefined;
  }

  function grow({ reservation, by }: Extract<Part, { kind: 'grow' }>, taken: Reservation[]): Denial | undefined {
    const { calls, tokens, usd_nanos } = reservation;
    const grown = { calls: calls + by.calls, tokens: tokens + by.tokens, usd_nanos: usd_nanos + by.usd_nanos };
    const result = ledger.adjust(reservation, grown);
    if (!result.ok) return result;
    before.push({ calls, tokens, usd_nanos });
    taken.push(reservation);
    return undefined;
  }

  function undo(): void {
    for (let i = reservations.length - 1; i >= 0; i -= 1) {
      const reservation = reservations[i] as Reservation;
      if (parts[i]?.kind === 'reserve') ledger.release(reservation);
      else ledger.adjust(reservation, before[i] as Amounts);
    }
  }
}
