import { AGENT_FAULTS, type AgentFault } from './faults.ts';

/** Strikes that are too many. A lost message or a slow machine explains one or two. */
export const STRIKES_MAX = 3;

/** A strike counts so long: whoever is late once an hour keeps to the rules. */
export const STRIKE_TTL_MS = 600_000;

/** How an agent has kept to the rules. Plain data; starts anew with a session or a version. */
export type Compliance =
  | { readonly kind: 'compliant'; readonly strikes: readonly Strike[] }
  | { readonly kind: 'non_compliant'; readonly strikes: readonly Strike[]; readonly since_ms: number };

export interface Strike {
  readonly fault: AgentFault;
  readonly at_ms: number;
}

export const NEW: Compliance = { kind: 'compliant', strikes: [] };

export type ComplianceEvent =
  | { readonly type: 'fault'; readonly fault: AgentFault }
  /** A check found nothing wrong. */
  | { readonly type: 'checked' };

/** What a fault, or a check without one, makes of it. Time passes for strikes only, not for what a hard fault has shown. */
export function judged(state: Compliance, event: ComplianceEvent, now_ms: number): Compliance {
  if (event.type === 'checked') return NEW;
  const strikes = [...liveStrikes(state, now_ms), { fault: event.fault, at_ms: now_ms }].slice(-STRIKES_MAX);
  if (state.kind === 'non_compliant') return { ...state, strikes };
  const too_many = AGENT_FAULTS[event.fault].hard || strikes.length >= STRIKES_MAX;
  return too_many ? { kind: 'non_compliant', strikes, since_ms: now_ms } : { kind: 'compliant', strikes };
}

/** How an agent begins that came before, by what is still known of it. */
export function recalled(known: Compliance | undefined, now_ms: number): Compliance {
  const strikes = known === undefined ? [] : liveStrikes(known, now_ms);
  if (strikes.length < STRIKES_MAX) return { kind: 'compliant', strikes };
  return { kind: 'non_compliant', strikes, since_ms: now_ms };
}

/** Those that still count. */
export function liveStrikes({ strikes }: Compliance, now_ms: number): readonly Strike[] {
  return strikes.filter(({ at_ms }) => now_ms - at_ms < STRIKE_TTL_MS);
}

/** Why an agent is not routed to, in words. */
export function reasonOf({ strikes }: Compliance): string {
  const last = strikes.at(-1);
  if (last === undefined) return 'nothing is known against it';
  const { words, sentence } = AGENT_FAULTS[last.fault];
  return strikes.length === 1 ? `it ${words} (${sentence})` : `it ${words} (${sentence}), strike ${strikes.length}`;
}
