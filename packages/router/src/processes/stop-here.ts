import type { KillRow } from '@atp-router/ledger';
import type { MemberCore } from './membership.ts';

/** What is known of a switch that was turned on; who did it and since when only where the owner said so. */
export type Stop = Pick<KillRow, 'scope' | 'id' | 'reason'> & Partial<Pick<KillRow, 'by' | 'since_ms'>>;

/**
 * A switch is on from here on, and what it covers in this process ends; `again`: also if it was on. Returns how many calls that
 * were. The switch is in the owner's journal: here it is only told of.
 */
export function stopHere({ engine, bus }: Pick<MemberCore, 'engine' | 'bus'>, stop: Stop, again: boolean): number {
  const { scope, id, reason, by = '', since_ms = engine.parts.ambient.clock.now_ms() } = stop;
  const is_new = engine.parts.kills.set(scope, id, true);
  if (!is_new && !again) return 0;
  const stopped_calls = engine.kill(scope, id, reason);
  bus.announce({ type: 'kill.set', scope, id, on: true, reason, by, stopped_calls, since_ms });
  return stopped_calls;
}
