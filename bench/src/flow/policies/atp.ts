import { AccountLedger, type Changes, DEFAULT_SHARES, Scheduler, type Shares, type Ticket } from '@atp-router/flow';
import type { Call } from '../model.ts';
import { type Policy, type PolicyContext, type PolicyKind, WAITING_MAX } from './policy.ts';

/** A day that does not end within a run: budgets are not what is looked at. */
const WALL_MS = 1_800_000_000_000;

/** The router's own scheduler over its own ledger, with the accounts that a call of the router has. */
export function atp(shares: Shares = DEFAULT_SHARES): PolicyKind {
  return { name: 'router', before: 'its tenant', make: (context) => new Atp(context, shares) };
}

class Atp implements Policy {
  readonly #context: PolicyContext;
  readonly #ledger: AccountLedger = new AccountLedger();
  readonly #scheduler: Scheduler<Call>;
  readonly #tickets: Map<Call, Ticket<Call>> = new Map();

  constructor(context: PolicyContext, shares: Shares) {
    this.#context = context;
    const { fleet } = context;
    this.#scheduler = new Scheduler(this.#ledger, {
      waiting_per_account: WAITING_MAX,
      waiting: fleet.providers * WAITING_MAX,
    });
    for (let i = 0; i < fleet.providers; i += 1) {
      this.#ledger.setLimits(provider(i), { max_parallel: fleet.calls, max_tokens: fleet.tokens });
      this.#scheduler.configure(provider(i), { shares });
    }
  }

  get due_ms(): number {
    return this.#scheduler.due_mono_ms ?? Number.POSITIVE_INFINITY;
  }

  request(call: Call, now_ms: number): void {
    const { tenant, session, at_ms } = call.asked;
    const { patience_ms } = this.#context;
    const amounts = { calls: 1, tokens: call.reserved_tokens, usd_nanos: 0 };
    const key = {
      ...tenant,
      tenant: tenant.id,
      session,
      tokens: amounts.tokens,
      deadline_mono_ms: at_ms + patience_ms,
    };
    const { ticket, changes } = this.#scheduler.request(
      {
        owner: call,
        key,
        parts: [
          { kind: 'reserve', accounts: ['global', tenant.id, `${tenant.id}/key`], amounts, wait_ms: patience_ms },
          {
            kind: 'reserve',
            accounts: [provider(call.provider), `${provider(call.provider)}/model`],
            amounts,
            wait_ms: patience_ms,
          },
        ],
        is_preemptible: tenant.qos !== 'gold',
      },
      { now_ms: WALL_MS, mono_ms: now_ms },
    );
    if (ticket.state.kind === 'granted') this.#begin(ticket);
    else if (ticket.state.kind !== 'waiting') this.#context.verdicts.refuse(call);
    this.#tell(changes);
  }

  ended(call: Call, tokens: number, now_ms: number): void {
    const ticket = this.#tickets.get(call);
    if (ticket === undefined) throw new Error('a call that was not granted has ended');
    this.#tickets.delete(call);
    const now = { now_ms: WALL_MS, mono_ms: now_ms };
    const actual = { calls: 1, tokens, usd_nanos: 0 };
    // As in the router: the provider's part first, and then what the tenant pays.
    this.#tell(this.#scheduler.settle(ticket, 1, actual, now));
    this.#tell(this.#scheduler.settle(ticket, 0, actual, now));
  }

  expire(now_ms: number): void {
    this.#tell(this.#scheduler.expire({ now_ms: WALL_MS, mono_ms: now_ms }));
  }

  #begin(ticket: Ticket<Call>): void {
    this.#tickets.set(ticket.owner, ticket);
    this.#context.verdicts.begin(ticket.owner);
  }

  #tell({ decided, preempted }: Changes<Call>): void {
    for (const ticket of decided) {
      if (ticket.state.kind === 'granted') this.#begin(ticket);
      else this.#context.verdicts.refuse(ticket.owner);
    }
    for (const ticket of preempted) this.#context.verdicts.stop(ticket.owner);
  }
}

function provider(i: number): string {
  return `provider-${i}`;
}
