import type { AdmittedCall, EngineEnv } from './env.ts';
import { type CallFunds, demandOf } from './funds.ts';
import { reservedPrice } from './hosted-tools.ts';
import { expectedOutTokens } from './output-size.ts';
import type { Pending } from './pending.ts';

export interface StandIn {
  readonly pending: Pending;
  readonly out_tokens: number;
}

/**
 * The cheapest target that fits, in place of one that the tenant cannot afford now. Its funds are held and its permit is
 * taken; the permit of the first target is still the caller's to give back.
 */
export function standInFor(
  p: Pending,
  call: AdmittedCall,
  env: EngineEnv,
  funds: CallFunds,
  now_ms: number,
): StandIn | undefined {
  const mono_ms = env.ambient.clock.mono_ms();
  for (const target of call.degraded) {
    // Where money is limited, a model without a price is not a cheap one.
    if (target.key === p.target.key || (call.needs_price && target.model.price === undefined)) continue;
    const in_tokens = env.estimator.inTokens(target.model.id, call.prompt);
    const price = reservedPrice(target, call);
    const out_tokens = expectedOutTokens({ n: p.n, target, in_tokens, price }, call, env.estimator, funds, now_ms);
    const permit = env.health.allow(target.model, mono_ms);
    if (permit.kind === 'denied') continue;
    let is_held = false;
    try {
      is_held = funds.hold(p.n, demandOf(price, in_tokens, out_tokens), now_ms).ok;
    } finally {
      if (!is_held) env.health.record(target.model, permit, 'ignored', undefined, mono_ms);
    }
    if (is_held) return { pending: { ...p, target, permit, in_tokens, price, stand_in: true }, out_tokens };
  }
  return undefined;
}
