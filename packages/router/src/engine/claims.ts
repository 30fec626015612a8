import { Claim, type ClaimOwner, placePart } from './claim.ts';
import type { AdmittedCall, EngineEnv } from './env.ts';
import type { GateTicket } from './gate.ts';
import { type CallFunds, demandOf, type FundsDenial, isDenied, PLACE_PART } from './funds.ts';
import type { Holdings } from './holdings.ts';
import type { Pending } from './pending.ts';

/** What the attempts of one call ask the gate for, and which of them wait: for funds, a place, or the shared store. */
export class Claims {
  readonly #call: AdmittedCall;
  readonly #env: EngineEnv;
  readonly #funds: CallFunds;
  readonly #holdings: Holdings;
  readonly #owner: ClaimOwner;
  #waiting: Map<number, { readonly claim: Claim; readonly ticket: GateTicket }> | undefined;

  constructor(call: AdmittedCall, env: EngineEnv, funds: CallFunds, holdings: Holdings, owner: ClaimOwner) {
    this.#call = call;
    this.#env = env;
    this.#funds = funds;
    this.#holdings = holdings;
    this.#owner = owner;
  }

  make(p: Pending, out_tokens: number): Claim {
    const { penalties, ambient } = this.#env;
    const tier = penalties.tier(p.target, this.#call.head.qos, ambient.clock.now_ms());
    return new Claim(p, tier, out_tokens, demandOf(p.price, p.in_tokens, out_tokens), this.#owner);
  }

  /** Asks for funds and a place together. Returns why the call itself does not allow it. */
  ask(claim: Claim): GateTicket | FundsDenial {
    const { p, tier, demand } = claim;
    const { at_limit, wait_ms } = this.#call;
    const funds = this.#funds.part(p.n, demand, at_limit === 'wait' ? wait_ms : undefined);
    if (isDenied(funds)) return funds;
    const place = placePart(p.target, tier, demand, p.target.provider.queue_timeout_ms);
    const ticket = this.#env.gate.request(claim.on([funds, place], this.#call));
    this.#holdings.asked(p.n, ticket);
    return ticket;
  }

  wait(claim: Claim, ticket: GateTicket): void {
    this.#waiting ??= new Map();
    this.#waiting.set(claim.p.n, { claim, ticket });
  }

  /** Its wait is over. Undefined when it does not wait, or was withdrawn before: then it has given everything back already. */
  leave(n: number): Claim | undefined {
    const waiting = this.#waiting?.get(n);
    this.#waiting?.delete(n);
    return waiting?.claim;
  }

  leaveAll(): void {
    this.#waiting = undefined;
  }

  /** The call has nothing yet, and waits for its funds. */
  get waitForFunds(): boolean {
    if (this.#waiting === undefined || this.#funds.is_open) return false;
    for (const { ticket } of this.#waiting.values()) {
      if (ticket.state.kind === 'waiting' && this.#funds.has(ticket.state.account)) return true;
    }
    return false;
  }

  /** The call has its funds since one attempt got them: those that still wait have them grow. */
  shareFunds(): void {
    for (const { claim, ticket } of this.#waiting?.values() ?? []) {
      const place = ticket.parts[PLACE_PART];
      const funds = this.#funds.part(claim.p.n, claim.demand, undefined);
      if (ticket.state.kind !== 'waiting' || place === undefined || isDenied(funds)) continue;
      this.#env.gate.replace(ticket, [funds, place]);
    }
  }
}
