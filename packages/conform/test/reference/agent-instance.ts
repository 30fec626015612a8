import type { AdapterCapabilityContent, Frame, Payload, WireObject } from '@atp-router/wire';
import type { Failure } from './agent-failure.ts';

/** How the reference server treats agents; a mutant does something of it otherwise. */
export interface AgentRules {
  readonly estimate_ms: number;
  readonly idle_ms: number;
  readonly reconnect_ms: number;
  /** Of instances: the one with the fewest dispatches, or whoever came first. */
  readonly picks: 'fewest' | 'first';
  /** Attempts of a call that has told its client nothing yet. */
  readonly attempts: number;
  /** Whether a call goes on although its client has heard something of it. */
  readonly repeats: boolean;
  /** Lapses that make an agent non-compliant; without a limit it may do whatever it likes. */
  readonly strikes: number;
}

/** Times as short as every run waits for them, and as long as a busy machine needs. */
export const AGENT_RULES: AgentRules = {
  ...{ estimate_ms: 2_500, idle_ms: 2_500, reconnect_ms: 400 },
  ...{ picks: 'fewest', attempts: 3, repeats: false, strikes: 3 },
};

/** What agents need of the session that they came with. */
export interface AgentLine {
  readonly tenant: string;
  readonly session_id: string;
  /** Undefined when the session takes no further stream. */
  openStream(payload: Payload, more: Partial<Frame>): string | undefined;
  say(stream_id: string, payload: Payload, fin: boolean): void;
  reset(stream_id: string, error: Payload): void;
}

/** A dispatch, as its session drives it. */
export interface Dispatched {
  heard(payload: Payload | undefined, fin: boolean): void;
  /** Its stream is. */
  closed(error: Payload | undefined): void;
  connection(is_connected: boolean): void;
}

/** A call, as its dispatches know it. */
export interface AgentCall {
  readonly rules: AgentRules;
  readonly frame: Frame;
  readonly task: WireObject;
  readonly budget: { readonly tokens?: number };
  chunk(data: WireObject): void;
  final(data: WireObject): void;
  failed(failure: Failure): void;
}

/** An agent on its session. */
export class Instance {
  readonly line: AgentLine;
  capability: AdapterCapabilityContent;
  status: 'READY' | 'BUSY' | 'PAUSE' | 'DRAINING' = 'READY';
  max_tokens: number = Number.POSITIVE_INFINITY;
  is_well = true;
  is_connected = true;
  lapses = 0;
  is_out = false;
  readonly work: Map<string, Dispatched> = new Map();

  constructor(line: AgentLine, capability: AdapterCapabilityContent) {
    this.line = line;
    this.capability = capability;
  }
}
