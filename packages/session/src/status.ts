import type { AgentStatus, Window } from '@atp-router/wire';

/** What an agent said last, and when, on the clock of the reader. */
export interface PeerStatus {
  readonly status: AgentStatus;
  readonly suggested_window?: Window;
}

const MEMBERS = ['max_parallel', 'max_tokens', 'max_usd_micros'] as const;

/** Member by member the smaller; an absent one sets no limit. */
export function smallerWindow(left: Window, right: Window | undefined): Window {
  if (right === undefined) return left;
  const window: { -readonly [K in keyof Window]: Window[K] } = {};
  for (const member of MEMBERS) {
    const smaller = Math.min(left[member] ?? Number.POSITIVE_INFINITY, right[member] ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(smaller)) window[member] = smaller;
  }
  return window;
}

/**
 * The window for new work of an agent (S25): its `status`, since `age_ms`, bounds the router's own `window`. `DRAINING`
 * keeps one stream that is there; `PAUSE` takes effect after the grace. `beyond`: what the agent suggests does not bind, only
 * what it says that it is.
 */
export function agentWindow(
  window: Window,
  said: PeerStatus | undefined,
  age_ms: number,
  grace_ms: number,
  beyond: boolean = false,
): Window {
  if (said === undefined) return window;
  const bounded = beyond ? window : smallerWindow(window, said.suggested_window);
  switch (said.status) {
    case 'READY':
      return bounded;
    case 'BUSY':
      return { ...bounded, max_parallel: 0 };
    case 'PAUSE':
      return age_ms < grace_ms ? bounded : { ...bounded, max_parallel: 0 };
    case 'DRAINING':
      return smallerWindow(bounded, { max_parallel: 1 });
  }
}
