import type { Price } from '@atp-router/kernel';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { CallFunds } from './funds.ts';
import type { Target } from './target.ts';

/** An output cap below this would give the client a stump: the budget error says more. */
const CAPPED_OUTPUT_TOKENS_MIN = 16;
/** Where no output limit is known, this common one stands in its place: the budget's cap is sent only below it. */
const UNKNOWN_OUTPUT_LIMIT_TOKENS = 16_384;

/** The attempt whose answer is measured. */
export interface Sized {
  readonly n: number;
  readonly target: Target;
  readonly in_tokens: number;
  /** What it is reserved at, see `reservedPrice`. */
  readonly price: Price | undefined;
}

/** Output tokens to reserve: what is expected, guarded by tier, within what client, model and budget allow. */
export function expectedOutTokens(
  p: Sized,
  call: AdmittedCall,
  { estimator, penalties }: Pick<EngineEnv, 'estimator' | 'penalties'>,
  funds: CallFunds,
  now_ms: number,
): number {
  const { model } = p.target;
  const most = Math.min(call.max_output_tokens ?? Infinity, model.max_output_tokens ?? Infinity);
  // Who estimates too low again and again has more held for each call.
  const surcharge = 1 + (penalties.of(p.target, now_ms)?.surcharge ?? 0);
  const guarded = estimator.guardedOutTokens(model.id, call.head.qos, most);
  const expected = Math.min(most, Math.ceil(guarded * surcharge));
  const affordable = funds.affordable(p.n, p.price, p.in_tokens, now_ms);
  const wanted = expected * call.choices;
  // Less than a stump is not worth capping to: asking for it in full gives the refusal its reason.
  return affordable < CAPPED_OUTPUT_TOKENS_MIN * call.choices ? wanted : Math.min(wanted, affordable);
}

/** The longest answer that client and model allow; where neither says, the common limit. */
export function longestOutTokens({ model }: Target, call: Pick<AdmittedCall, 'max_output_tokens' | 'choices'>): number {
  const most = Math.min(call.max_output_tokens ?? Infinity, model.max_output_tokens ?? Infinity);
  return (Number.isFinite(most) ? most : UNKNOWN_OUTPUT_LIMIT_TOKENS) * call.choices;
}

/** What to tell the upstream when the budget allows less than client and model would take. */
export function outputCap(p: Sized, call: AdmittedCall, funds: CallFunds, now_ms: number): number | undefined {
  const left = funds.affordable(p.n, p.price, p.in_tokens, now_ms);
  if (left === Number.POSITIVE_INFINITY) return undefined;
  const each = Math.max(1, Math.floor(left / call.choices));
  const limit = call.max_output_tokens ?? p.target.model.max_output_tokens ?? UNKNOWN_OUTPUT_LIMIT_TOKENS;
  return each < limit ? each : undefined;
}
