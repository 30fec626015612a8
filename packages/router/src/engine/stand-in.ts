import type { AdmittedCall, EngineEnv } from './env.ts';
import { type CallFunds, demandOf } from './funds.ts';
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
    const permit = env.health.allow(target.model, mono_ms);
    if (permit.kind === 'denied') continue;
    const in_tokens = env.estimator.inTokens(target.model.id, call.prompt);
    const pending: Pending = { ...p, target, permit, in_tokens, stand_in: true };
    const out_tokens = expectedOutTokens(pending, call, env.estimator, funds, now_ms);
    if (funds.hold(p.n, demandOf(target.model.price, in_tokens, out_tokens), now_ms).ok) return { pending, out_tokens };
    env.health.record(target.model, permit, 'ignored', undefined, mono_ms);
  }
  return undefined;
}
