import type { Call, Tenant } from '../model.ts';
import type { Capacity, Fleet } from '../fleet.ts';

/** What a policy tells the run. Each call that asked hears one of the first three in the end. */
export interface Verdicts {
  begin(call: Call): void;
  refuse(call: Call): void;
  /** It is to ask again after so long, as an answer with 429 and `retry-after` says. */
  later(call: Call, retry_after_ms: number): void;
  /** A call that runs is to stop for another one. */
  stop(call: Call): void;
}

/** Who may begin. A call that hears nothing waits. */
export interface Policy {
  request(call: Call, now_ms: number): void;
  /** A call that ran has ended, or was stopped, and used so many tokens. */
  ended(call: Call, tokens: number, now_ms: number): void;
  /** When `expire` is to be called. */
  readonly due_ms: number;
  /** Refuses whoever has waited for too long. */
  expire(now_ms: number): void;
}

export interface PolicyContext {
  readonly fleet: Fleet;
  readonly capacity: Capacity;
  readonly tenants: readonly Tenant[];
  readonly patience_ms: number;
  readonly verdicts: Verdicts;
}

/**
 * What is before a call at a provider, by which it chooses one: all that run or wait there; those of its tier and better ones; or, where
 * tenants take turns, the waiting ones of its own tenant, and then those of its tier and better ones.
 */
export type Before = 'all' | 'its tier' | 'its tenant';

export interface PolicyKind {
  readonly name: string;
  readonly before: Before;
  make(context: PolicyContext): Policy;
}

/** Demands that wait at one provider, in all policies. */
export const WAITING_MAX = 1_000;
