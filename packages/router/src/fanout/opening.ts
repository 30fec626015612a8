import type { AtpError } from '@atp-router/kernel';
import type { AdmittedCall, EngineEnv } from '../engine/env.ts';
import { denialError } from '../engine/denials.ts';
import { type CallFunds, type FundsDenial, isDenied, NOBODY } from '../engine/funds.ts';
import type { Demand } from '../engine/purse.ts';
import type { GateTicket, Holder } from '../engine/gate.ts';
import { leaseOver, stoppedForGold } from '../engine/refusals.ts';

/** Told what becomes of an opening. */
export interface OpeningOwner {
  guard(run: () => void): void;
  onOpened(): void;
  /** The whole call ends: it got no funds, or they were taken from it. */
  abort(error: AtpError, outcome: 'error' | 'cancelled'): void;
}

/**
 * The funds of a fan-out, before any of its lanes: one reservation on the accounts of the call, which grows with each lane
 * that begins. Lanes then wait for places each for itself, and none of them for another.
 */
export class Opening implements Holder {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #funds: CallFunds;
  readonly #owner: OpeningOwner;
  #ticket: GateTicket | undefined;
  #demand: Demand = { tokens: 0, usd_nanos: 0 };

  constructor(call: AdmittedCall, env: EngineEnv, funds: CallFunds, owner: OpeningOwner) {
    this.#call = call;
    this.#env = env;
    this.#funds = funds;
    this.#owner = owner;
  }

  /** Asks for what the first lane will need. */
  ask(demand: Demand): void {
    const { head, at_limit, wait_ms, fair_session, weight, limits, deadline_ms, started_mono_ms, is_preemptible } =
      this.#call;
    this.#demand = demand;
    const { tokens } = demand;
    const part = this.#funds.part(NOBODY, this.#demand, at_limit === 'wait' ? wait_ms : undefined);
    if (isDenied(part)) {
      this.#deny(part);
      return;
    }
    const deadline_mono_ms = started_mono_ms + (deadline_ms ?? Number.POSITIVE_INFINITY);
    this.#ticket = this.#env.gate.request({
      owner: this,
      key: { qos: head.qos, tenant: head.tenant, weight, session: fair_session, tokens, deadline_mono_ms },
      parts: [part],
      is_preemptible,
      lease_ms: limits.stream_duration_ms + limits.idle_ms,
    });
    this.#answered(this.#ticket);
  }

  /** What it holds is free for lanes to take. */
  handOver(): void {
    this.#funds.give(NOBODY);
  }

  /** The call ends before it has anything. */
  withdraw(): void {
    if (this.#ticket?.state.kind === 'waiting') this.#env.gate.cancel(this.#ticket);
  }

  decided(ticket: GateTicket): void {
    this.#owner.guard(() => this.#answered(ticket));
  }

  preempted(account: string): void {
    const { qos } = this.#call.head;
    this.#owner.abort(stoppedForGold(qos, this.#env.gate.wait_ms(account, qos)), 'error');
  }

  lapsed(): void {
    this.#owner.abort(leaseOver(), 'error');
  }

  #answered(ticket: GateTicket): void {
    const { state } = ticket;
    if (state.kind === 'granted') {
      this.#funds.granted(NOBODY, this.#demand, ticket);
      this.#owner.onOpened();
    } else if (state.kind === 'waiting') {
      // It says what it waits for, which is no denial. With other processes it mostly waits: their owner is asked.
    } else if (state.kind === 'failed') this.#deny({ kind: 'fault', thrown: state.thrown });
    else if ('denial' in state) this.#deny({ kind: 'account', denial: state.denial });
  }

  #deny(why: FundsDenial): void {
    const { qos } = this.#call.head;
    const retry_ms = why.kind === 'account' ? this.#env.gate.wait_ms(why.denial.account, qos) : undefined;
    const error = denialError(why, this.#call.head, { retry_ms });
    this.#env.faults.note(error);
    this.#owner.abort(error, 'error');
  }
}
