import type { Denial } from '@atp-router/flow';
import type { AtpError } from '@atp-router/kernel';
import type { Attempt } from './attempt.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import { denialError, isWindow } from './denials.ts';
import { type CallFunds, demandOf } from './funds.ts';

/** A stream that outgrows its reservation takes so much more at a time, so that the ledger is asked rarely. */
const EXTENSION_TOKENS = 512;

/**
 * Takes more funds for an answer that has come to `out_tokens`: a step ahead, or what the budgets have left of one.
 * Returns the error when they do not cover what is there already; `onExhausted` is told it later by whoever else has a say.
 */
export function extendFunds(
  attempt: Attempt,
  out_tokens: number,
  call: AdmittedCall,
  env: EngineEnv,
  funds: CallFunds,
  onExhausted: (error: AtpError) => void,
): AtpError | undefined {
  const { n, in_tokens, price } = attempt.spec;
  const now_ms = env.ambient.clock.now_ms();
  const affordable = funds.affordable(n, price, in_tokens, now_ms);
  const wanted = Math.max(out_tokens, Math.min(out_tokens + EXTENSION_TOKENS, affordable));
  const refused = (denial: Denial): void => onExhausted(denialError({ kind: 'account', denial }, call.head));
  const result = funds.hold(n, demandOf(price, in_tokens, wanted), (denial) => {
    if (!isWindow(denial)) refused(denial);
  });
  if (result.ok) {
    attempt.reserved_out_tokens = wanted;
    // The shared store is not waited for: what others spent ends the stream a moment later.
    funds.grow(n, demandOf(price, in_tokens, out_tokens), refused);
    return undefined;
  }
  // The tokens are being made already: a full window only delays the next step, a used-up budget ends the stream.
  if (result.why.kind === 'account' && isWindow(result.why.denial)) {
    attempt.reserved_out_tokens = wanted;
    return undefined;
  }
  return denialError(result.why, call.head);
}
