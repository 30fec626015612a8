import type { AttemptFailure } from '@atp-router/call';
import { hostedToolName, mostUses } from '@atp-router/providers';
import { AtpError, NANOS_PER_USD } from '@atp-router/kernel';
import type { AdmittedCall } from './env.ts';
import { toolsSent } from './hosted-tools.ts';
import { unpriced } from './refusals.ts';
import type { Target } from './target.ts';

/** Why a call may not use a target, whatever it has room for. */
export function unusable(
  target: Target,
  call: Pick<AdmittedCall, 'hosted_tools' | 'needs_price' | 'tool_caps'>,
): AttemptFailure | undefined {
  if (call.needs_price && target.model.price === undefined) return unpriced(target);
  return overToolCaps(target, call);
}

/**
 * Why a call may not be sent to a target: a tool that it declares could be used more than the policy allows. The router cannot
 * stop what runs at the provider, so only what the request itself limits (`max_uses`) is a limit; without it, a tool with a cap
 * is not sent.
 */
function overToolCaps(
  target: Target,
  call: Pick<AdmittedCall, 'hosted_tools' | 'tool_caps'>,
): AttemptFailure | undefined {
  const { tool_caps } = call;
  if (tool_caps === undefined || call.hosted_tools === undefined) return undefined;
  for (const tool of toolsSent(target, call)) {
    const name = hostedToolName(tool);
    const cap = tool_caps.get(name);
    if (cap === undefined) continue;
    const price = target.tool_prices.get(name) ?? 0;
    const by_money = cap.usd_nanos === undefined || price === 0 ? Infinity : Math.floor(cap.usd_nanos / price);
    const most = Math.min(cap.uses ?? Infinity, by_money);
    if (mostUses(tool) <= most) continue;
    return { scope: 'target', error: overCap(name, most, price) };
  }
  return undefined;
}

function overCap(name: string, most: number, price: number): AtpError {
  const at = price === 0 ? '' : ` (${price / NANOS_PER_USD} US dollars each)`;
  const advice = most < 1 ? 'Leave the tool out.' : `Say "max_uses" of ${most} or less for it.`;
  return new AtpError(
    'budget_exhausted',
    `The policy allows ${most < 1 ? 'no use' : `at most ${most} uses`} of tool "${name}"${at} in one call, and the request could use it more often. ${advice}`,
    { param: 'tools', details: { tool: name, max_uses: most } },
  );
}
