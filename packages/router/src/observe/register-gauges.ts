import { registerClusterGauges, registerLiveGauges, type RouterMetrics } from '@atp-router/adapters';
import type { Membership } from '../processes/membership.ts';
import { type LiveParts, liveGauges } from './live.ts';

/** What is read when somebody scrapes. */
export function registerGauges({ registry }: RouterMetrics, live: LiveParts, member: Membership | undefined): void {
  registerLiveGauges(registry, liveGauges(live));
  registerClusterGauges(registry, () => {
    const view = member?.cluster?.();
    return view && { ...view, leads: view.role === 'leader' };
  });
}
