export type Level = 'L1' | 'L2' | 'L3';

/** A secret for signatures that the server knows, too. */
export interface SigningSecret {
  readonly kid: string;
  readonly secret: Uint8Array;
}

export interface AgentTimes {
  /** From the question to the estimate. Default 5,000 (A6). */
  readonly estimate_ms?: number;
  /** Between two messages of a dispatch. Default 60,000 (A11). */
  readonly idle_ms?: number;
  /** Without a connection; then the work goes elsewhere. Default 2,000 (A13). */
  readonly reconnect_ms?: number;
}

/** The server that is judged, and what it may be asked. */
export interface Target {
  /** `ws:` or `wss:`; without a path it is `/ws`. Plain HTTP is tried at the same host. */
  readonly url: string;
  readonly key?: string;
  /** With which agents dial in: of the same tenant as `key`. Without it nothing is judged of agents. */
  readonly agent_key?: string;
  /** Of another tenant, whose calls those agents may not see. */
  readonly other_key?: string;
  /** What a dispatch asks for. Default: a prompt that is answered at any length. */
  readonly task?: Readonly<Record<string, unknown>>;
  readonly signing?: readonly SigningSecret[];
  /** Also what takes the server's long timers: up to two minutes. */
  readonly slow?: boolean;
  /** The server's resend lifetime, where it is not the 30 s of the protocol: nothing that it sends tells. */
  readonly resend_lifetime_ms?: number;
  /** What bounds agents at this server, where it is not as in the documents: nothing that it sends tells. */
  readonly agent_times?: AgentTimes;
  /** How long something that must come is waited for. */
  readonly patience_ms?: number;
}

export type Outcome =
  | { readonly verdict: 'passed' }
  | {
      readonly verdict: 'failed';
      readonly expected: string;
      readonly seen: string;
      readonly transcript: readonly string[];
    }
  | { readonly verdict: 'skipped'; readonly reason: string }
  | { readonly verdict: 'not_observable'; readonly reason: string };

export type Result = {
  readonly id: string;
  readonly level: Level;
  readonly title: string;
  readonly duration_ms: number;
} & Outcome;

export interface Report {
  readonly url: string;
  readonly protocol: 'atp';
  readonly edition: 1;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly not_observable: number;
  readonly results: readonly Result[];
}
