import { keyAccount, levelOf, sessionAccount, tenantAccount } from '../../generation/accounts.ts';

/** Whose session it is, and its name. */
export interface SessionName {
  readonly tenant: string;
  readonly key_id: string;
  readonly session_id: string;
}

/** Accounts of one tenant, key or session; what others have, all have. */
const OWN: ReadonlySet<string> = new Set(['tenant', 'key', 'session']);

/** Accounts whose queues are under pressure, and whom that concerns. As many as the scheduler has queues. */
export class Pressure {
  readonly #own: Set<string> = new Set();
  /** Of the router, of models, providers and so on. */
  readonly #shared: Set<string> = new Set();

  marked(account: string, is_high: boolean): void {
    const accounts = OWN.has(levelOf(account)) ? this.#own : this.#shared;
    if (is_high) accounts.add(account);
    else accounts.delete(account);
  }

  /** What is everybody's concerns those who have work there; a session may work at any of them. */
  concerns({ tenant, key_id, session_id }: SessionName, has_tasks: boolean): boolean {
    if (has_tasks && this.#shared.size > 0) return true;
    // It is asked with every task: mostly no queue is under pressure, and no names need be made.
    if (this.#own.size === 0) return false;
    return (
      this.#own.has(tenantAccount(tenant)) ||
      this.#own.has(keyAccount(tenant, key_id)) ||
      this.#own.has(sessionAccount(tenant, session_id))
    );
  }
}
