/** A sentence of the protocol, and how the agent kept to it. */
export interface CheckedSentence {
  readonly sentence: string;
  readonly says: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly detail?: string;
}

/** How an agent did when it was checked. */
export interface AgentCheck {
  readonly id: string;
  readonly adapter_id: string;
  readonly tenant: string;
  readonly ok: boolean;
  readonly latency_ms: number;
  readonly sentences: readonly CheckedSentence[];
}
