import type { Qos } from '@atp-router/kernel';
import type { AccountLedger } from '../account-ledger.ts';
import { type Amounts, type Denial, plus } from '../amounts.ts';
import type { Reservation } from '../reservation.ts';
import type { Part } from './ticket.ts';

export type Taken =
  | { readonly ok: true; readonly reservations: readonly Reservation[] }
  | { readonly ok: false; readonly denial: Denial; readonly thrown?: undefined }
  /** The ledger threw: nothing is taken. */
  | { readonly ok: false; readonly thrown: unknown; readonly denial?: undefined };

/** Takes all parts of a demand, or none. */
export function takeParts(ledger: AccountLedger, parts: readonly Part[], qos: Qos, now_ms: number): Taken {
  const taken: Reservation[] = [];
  /** What reservations that grew held before, by their place among the parts. */
  const before: Amounts[] = [];
  try {
    for (const part of parts) {
      const denial =
        part.kind === 'reserve' ? reserve(ledger, part, qos, now_ms, taken) : grow(ledger, part, taken, before);
      if (denial === undefined) continue;
      undo(ledger, parts, taken, before);
      return { ok: false, denial };
    }
  } catch (thrown) {
    undo(ledger, parts, taken, before);
    return { ok: false, thrown };
  }
  return { ok: true, reservations: taken };
}

/**
 * What a demand would be refused for, asked without taking anything: cheaper than to take and give back, for one that is known
 * not to fit. Undefined when only `takeParts` can say: the parts fit one by one, or something has to grow.
 */
export function refusalOf(ledger: AccountLedger, parts: readonly Part[], now_ms: number): Denial | undefined {
  for (const part of parts) {
    if (part.kind !== 'reserve') return undefined;
    const denial = ledger.refusal(part.accounts, part.amounts, now_ms);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

type PartOf<Kind extends Part['kind']> = Extract<Part, { kind: Kind }>;

function reserve(
  ledger: AccountLedger,
  { accounts, amounts }: PartOf<'reserve'>,
  qos: Qos,
  now_ms: number,
  taken: Reservation[],
): Denial | undefined {
  const result = ledger.reserve(accounts, amounts, now_ms, qos);
  if (!result.ok) return result;
  taken.push(result.reservation);
  return undefined;
}

function grow(
  ledger: AccountLedger,
  { reservation, by }: PartOf<'grow'>,
  taken: Reservation[],
  before: Amounts[],
): Denial | undefined {
  const { calls, tokens, usd_nanos } = reservation;
  const result = ledger.adjust(reservation, plus(reservation, by));
  if (!result.ok) return result;
  before[taken.length] = { calls, tokens, usd_nanos };
  taken.push(reservation);
  return undefined;
}

function undo(ledger: AccountLedger, parts: readonly Part[], taken: readonly Reservation[], before: Amounts[]): void {
  for (let i = taken.length - 1; i >= 0; i -= 1) {
    const reservation = taken[i] as Reservation;
    if (parts[i]?.kind === 'reserve') ledger.release(reservation);
    else ledger.adjust(reservation, before[i] as Amounts);
  }
}
