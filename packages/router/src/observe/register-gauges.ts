import { registerClusterGauges, registerLiveGauges, type RouterMetrics } from '@atp-router/adapters';
import { type LiveParts, liveGauges } from './live.ts';

/** What is read when somebody scrapes. */
export function registerGauges({ registry }: RouterMetrics, live: LiveParts): void {
  registerLiveGauges(registry, liveGauges(live));
  registerClusterGauges(registry, () => {
    const view = live.member?.cluster?.();
    return view && { ...view, leads: view.role === 'leader' };
  });
}
