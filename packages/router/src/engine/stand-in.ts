import type { AdmittedCall, EngineEnv } from './env.ts';
import type { CallFunds } from './funds.ts';
import { reservedPrice } from './hosted-tools.ts';
import { expectedOutTokens } from './output-size.ts';
import type { Pending } from './pending.ts';

export interface StandIn {
  readonly pending: Pending;
  readonly out_tokens: number;
}

/**
 * Targets in place of one that the call's accounts cannot afford now, the cheapest first. Each comes with its permit, which is
 * the caller's to use or to give back.
 */
export function* standInsFor(
  p: Pending,
  call: AdmittedCall,
  env: EngineEnv,
  funds: CallFunds,
): Generator<StandIn, void, undefined> {
  for (const target of call.degraded) {
    // Where money is limited, a model without a price is not a cheap one.
    if (target.key === p.target.key || (call.needs_price && target.model.price === undefined)) continue;
    const in_tokens = env.estimator.inTokens(target.model.id, call.prompt);
    const price = reservedPrice(target, call);
    const now_ms = env.ambient.clock.now_ms();
    const out_tokens = expectedOutTokens({ n: p.n, target, in_tokens, price }, call, env, funds, now_ms);
    const permit = env.health.allow(target.model, env.ambient.clock.mono_ms());
    if (permit.kind === 'denied') continue;
    yield { pending: { ...p, target, permit, in_tokens, price, stand_in: true }, out_tokens };
  }
}
