import type { FlowDemand, Part } from '@atp-router/flow';
import type { Qos } from '@atp-router/kernel';
import type { AdmittedCall } from './env.ts';
import type { GateTicket, Holder } from './gate.ts';
import type { Demand } from './purse.ts';
import type { Pending } from './pending.ts';
import type { Target } from './target.ts';

/** Told what becomes of a claim. */
export interface ClaimOwner {
  onDecided(claim: Claim, ticket: GateTicket): void;
  onPreempted(claim: Claim, account: string): void;
  onLapsed(): void;
}

/** What one attempt asks for: the call's funds for it, and a place at its target. */
export class Claim implements Holder {
  readonly p: Pending;
  readonly out_tokens: number;
  readonly demand: Demand;
  /** The tier that it is served in. */
  readonly tier: Qos;
  readonly #owner: ClaimOwner;

  constructor(p: Pending, tier: Qos, out_tokens: number, demand: Demand, owner: ClaimOwner) {
    this.p = p;
    this.tier = tier;
    this.out_tokens = out_tokens;
    this.demand = demand;
    this.#owner = owner;
  }

  decided(ticket: GateTicket): void {
    this.#owner.onDecided(this, ticket);
  }

  preempted(account: string): void {
    this.#owner.onPreempted(this, account);
  }

  lapsed(): void {
    this.#owner.onLapsed();
  }

  /** As the scheduler is asked for it, on behalf of its call. */
  on(parts: readonly Part[], call: AdmittedCall): FlowDemand<Holder> {
    const { head, fair_session, weight, limits, deadline_ms, started_mono_ms } = call;
    const deadline_mono_ms = started_mono_ms + (deadline_ms ?? Number.POSITIVE_INFINITY);
    const { tokens } = this.demand;
    return {
      owner: this,
      key: { qos: this.tier, tenant: head.tenant, weight, session: fair_session, tokens, deadline_mono_ms },
      parts,
      is_preemptible: call.is_preemptible,
      // A stream that runs renews it with each step that it takes.
      lease_ms: limits.stream_duration_ms + limits.idle_ms,
    };
  }
}

/** A place at a target, and at its provider; `wait_ms`: how long it waits for one. */
export function placePart(target: Target, tier: Qos, demand: Demand, wait_ms: number | undefined): Part {
  const accounts = tier === 'gold' ? target.gold_accounts : target.accounts;
  return { kind: 'reserve', accounts, amounts: { calls: 1, ...demand }, wait_ms };
}
