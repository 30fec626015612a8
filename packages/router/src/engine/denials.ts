import type { Denial } from '@atp-router/flow';
import { AtpError, toAtpError } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import type { FundsDenial } from './funds.ts';

/** Room in a window comes back in moments, in a budget not before tomorrow. */
export function isWindow(denial: Denial): boolean {
  return !denial.dimension.startsWith('budget_');
}

/** Retry hint for a full window: long enough not to hammer, short enough that freed room is used. */
const WINDOW_RETRY_MS = 1_000;

/**
 * What the client is told when funds were refused. `start`: to a call that has not begun; `retry_ms` is what the queue at the account
 * says of its next turn.
 */
export function denialError(
  why: FundsDenial,
  { tenant }: Pick<CallHead, 'tenant'>,
  start?: { readonly retry_ms: number | undefined },
): AtpError {
  if (why.kind === 'fault') return toAtpError(why.thrown);
  if (why.kind !== 'account') return why.kind === 'call' ? ofCall(why.dimension) : ofShare(why.dimension);
  const d = why.denial;
  const who = nameOf(d.account, tenant);
  const details = { dimension: d.dimension, limit: d.limit, available: d.available };
  // Calls that run use as many calls as they hold, and seldom as much money.
  if (start !== undefined && !isWindow(d) && d.dimension !== 'budget_calls' && d.waitable) {
    return new AtpError(
      'rate_limited',
      `What is left of the daily budget of ${who} (${WORDS[d.dimension]}) is held by calls in flight. Retry when some have ended: they may use less than was expected of them.`,
      { param: d.dimension, details, retry_after_ms: start.retry_ms ?? WINDOW_RETRY_MS },
    );
  }
  if (!isWindow(d)) {
    return new AtpError(
      'budget_exhausted',
      `The daily budget of ${who} (${WORDS[d.dimension]}) does not cover this call. It renews at 00:00 UTC.`,
      { param: d.dimension, details, ...(d.retry_after_ms === undefined ? {} : { retry_after_ms: d.retry_after_ms }) },
    );
  }
  const retry_after_ms = d.retry_after_ms ?? start?.retry_ms ?? WINDOW_RETRY_MS;
  return new AtpError(
    'rate_limited',
    `${who[0]?.toUpperCase()}${who.slice(1)} has no room in its window (${WORDS[d.dimension]}) for this call now. ${
      d.waitable ? 'Retry when calls in flight have ended.' : 'The call alone is larger than the window.'
    }`,
    { param: d.dimension, details, ...(d.waitable ? { retry_after_ms } : {}) },
  );
}

function ofCall(dimension: 'usd' | 'tokens'): AtpError {
  const what = dimension === 'usd' ? 'cost' : 'tokens';
  return new AtpError(
    'budget_exhausted',
    `The expected ${what} of this call is above its own limit (x-atp-max-usd or the policy's budget). Raise the limit, shorten the prompt or lower max_tokens.`,
    { param: dimension === 'usd' ? 'x-atp-max-usd' : 'policy.budget.tokens' },
  );
}

function ofShare(dimension: 'usd' | 'tokens'): AtpError {
  const what = dimension === 'usd' ? 'money' : 'tokens';
  const message = `What a lane of this call may use of its ${what} is used up: each has its part of x-atp-max-usd and the policy's budget, an arbiter what arbiter.max_usd says.`;
  return new AtpError('budget_exhausted', message, { param: dimension === 'usd' ? 'usd' : 'tokens' });
}

/** Whose window or budget it is, as its own client knows it. */
function nameOf(account: string, tenant: string): string {
  if (account.startsWith('key:')) return 'this key';
  if (account.startsWith('session:')) return 'this session';
  if (account.startsWith('agent:')) return `agent "${account.slice('agent:'.length)}"`;
  return account === 'router' ? 'the router' : `tenant "${tenant}"`;
}

const WORDS: Readonly<Record<Denial['dimension'], string>> = {
  window_calls: 'calls in flight',
  window_tokens: 'tokens outstanding',
  window_usd: 'money outstanding',
  budget_usd: 'money',
  budget_tokens: 'tokens',
  budget_calls: 'calls',
  accounts: 'number of accounts',
};
