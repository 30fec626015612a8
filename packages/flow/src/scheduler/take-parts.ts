import { assert, type Qos } from '@atp-router/kernel';
import type { AccountLedger, Reservation } from '../account-ledger.ts';
import type { Amounts, Denial } from '../amounts.ts';
import type { Part } from './ticket.ts';

export type Taken =
  | { readonly ok: true; readonly reservations: readonly Reservation[] }
  | { readonly ok: false; readonly denial: Denial; readonly thrown?: undefined }
  /** The ledger threw: nothing is taken. */
  | { readonly ok: false; readonly thrown: unknown; readonly denial?: undefined };

/** Takes all parts of a demand, or none. */
export function takeParts(ledger: AccountLedger, parts: readonly Part[], qos: Qos, now_ms: number): Taken {
  const undo: (() => void)[] = [];
  const reservations: Reservation[] = [];
  try {
    for (const part of parts) {
      const taken = part.kind === 'reserve' ? reserve(ledger, part, qos, now_ms) : grow(ledger, part);
      if ('denial' in taken) {
        for (const back of undo.reverse()) back();
        return { ok: false, denial: taken.denial };
      }
      reservations.push(taken.reservation);
      undo.push(taken.undo);
    }
  } catch (thrown) {
    for (const back of undo.reverse()) back();
    return { ok: false, thrown };
  }
  return { ok: true, reservations };
}

type Step = { readonly reservation: Reservation; readonly undo: () => void } | { readonly denial: Denial };

function reserve(ledger: AccountLedger, part: Extract<Part, { kind: 'reserve' }>, qos: Qos, now_ms: number): Step {
  const result = ledger.reserve(part.accounts, part.amounts, now_ms, qos);
  if (!result.ok) return { denial: result };
  const { reservation } = result;
  return { reservation, undo: () => ledger.release(reservation) };
}

function grow(ledger: AccountLedger, { reservation, amounts }: Extract<Part, { kind: 'adjust' }>): Step {
  const before: Amounts = {
    calls: reservation.calls,
    tokens: reservation.tokens,
    usd_nanos: reservation.usd_nanos,
  };
  const grows =
    amounts.calls >= before.calls && amounts.tokens >= before.tokens && amounts.usd_nanos >= before.usd_nanos;
  assert(grows, 'a demand adds to a reservation: what it gives back would have to fit again when it is undone');
  const result = ledger.adjust(reservation, amounts);
  if (!result.ok) return { denial: result };
  return { reservation, undo: () => void ledger.adjust(reservation, before) };
}
