import type { Clock, Timers } from '@atp-router/kernel';
import type { UpstreamCaller } from '@atp-router/adapters';
import type { WindowSign } from '@atp-router/flow';
import type { AdapterEstimateContent, MessageId, Meta, Payload } from '@atp-router/wire';
import type { AgentPeer } from './agent-peer.ts';
import type { AgentFault } from './faults.ts';
import type { AgentInstance, Share } from './roster.ts';
import type { Blamed } from './verdicts.ts';

/** How a dispatch ended, for metrics. */
export const DISPATCH_OUTCOMES = ['ok', 'declined', 'fault', 'gone', 'too_dear', 'cancelled'] as const;

export type DispatchOutcome = (typeof DISPATCH_OUTCOMES)[number];

/** What an exchange reports of its agent. */
export interface ExchangeEvents {
  onBegin(share: Share): void;
  onShare(was: Share, is: Share): void;
  /** The agent owes nothing more. */
  onEnd(share: Share): void;
  /** Its connection was waited for in vain. */
  onGivenUp(): void;
  onFault(fault: AgentFault): void;
  onEstimate(latency_ms: number, estimate: AdapterEstimateContent): void;
  /** `sign`: what it says of how the agent bears what it is given, if anything. */
  onOutcome(outcome: DispatchOutcome, sign?: WindowSign): void;
}

export interface ExchangeParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly agent: AgentInstance;
  readonly peer: AgentPeer;
  readonly blamed: Blamed;
  readonly session_id: string;
  /** Name of this router: it has passed what it gives to agents (S38). */
  readonly node_id: string;
  readonly estimate_timeout_ms: number;
  readonly reconnect_wait_ms: number;
  /** What the agent suggests does not bind it. */
  readonly beyond: boolean;
  /** Nobody waits for the answer, and nobody pays for it. */
  readonly check: boolean;
  readonly events: ExchangeEvents;
}

/** A message that waits for its reader. */
export interface Held {
  readonly id: MessageId;
  readonly payload: Payload | undefined;
  readonly fin: boolean;
  /** Of its content. */
  readonly chars: number;
}

/** What a call says of itself in each frame to its agent. This router is the last that it has passed. */
export function metaOf(
  { via, traceparent, task_type, data_scopes, deadline_ms }: UpstreamCaller,
  node_id: string,
): Meta {
  return {
    via: [...via, node_id],
    ...(traceparent !== undefined && { trace: traceparent }),
    ...(task_type !== undefined && { task_type }),
    ...(data_scopes.length > 0 && { data_scope: data_scopes }),
    ...(deadline_ms !== undefined && { deadline_ms }),
  };
}
