import { type AccountLedger, type AccountSnapshot, type Amounts, minus, NOTHING, outOf } from '@atp-router/flow';
import type { Engine } from './engine.ts';

/** What the books say is out at an account, whoever has it. */
export function outAt(accounts: Pick<AccountLedger, 'windows'>, account: string): Amounts {
  return outOf(accounts.windows(account));
}

/** What calls of this process hold at an account. Over all processes these add up to what is in flight. */
export function heldHere({ gate, parts }: Pick<Engine, 'gate' | 'parts'>, account: string): Amounts {
  return minus(outAt(parts.accounts, account), gate.elsewhere(account));
}

/**
 * What was used on this day, as far as this process is the one to say so: where there is a budget its owner knows what all have
 * used, and elsewhere each only its own. Over all processes these add up.
 */
export function usedHere({ limits, used }: AccountSnapshot, leads: boolean): Amounts {
  const { calls_per_day, tokens_per_day, usd_nanos_per_day } = limits;
  const has_budget = [calls_per_day, tokens_per_day, usd_nanos_per_day].some((limit) => limit !== null);
  return leads || !has_budget ? used : NOTHING;
}

/** Calls of this process in flight at an account, and those that wait there in a queue of this process. */
export function loadHere(engine: Pick<Engine, 'gate' | 'parts'>, account: string): ReturnType<Engine['gate']['load']> {
  return { in_flight: heldHere(engine, account).calls, waiting: engine.gate.load(account).waiting };
}
