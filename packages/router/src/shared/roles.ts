import { AtpError } from '@atp-router/kernel';
import type { HeldLease, LeaseStore } from '@atp-router/ledger';

/** A role that one router at a time has, taken and kept by asking for it again and again. */
export class Role {
  readonly #store: LeaseStore;
  readonly #name: string;
  readonly #owner: string;
  readonly #ttl_ms: number;
  #held: HeldLease | undefined;

  constructor(store: LeaseStore, name: string, owner: string, ttl_ms: number) {
    this.#store = store;
    this.#name = name;
    this.#owner = owner;
    this.#ttl_ms = ttl_ms;
  }

  /** Takes the role or keeps it. Returns when it lapses at the one who has it, undefined when that is this router. */
  async take(): Promise<number | undefined> {
    const result = await this.#store.lease(this.#name, this.#owner, this.#ttl_ms);
    if (result.kind === 'taken') {
      this.#held = undefined;
      return result.expires_ms;
    }
    this.#held = { name: this.#name, owner: this.#owner, token: result.token };
    return undefined;
  }

  async giveBack(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#store.release(held);
  }
}

/** Two data directories under one name would each end the other's calls. */
export function nameTaken(node_id: string, lapses_in_ms: number): AtpError {
  const seconds = Math.max(1, Math.ceil(lapses_in_ms / 1_000));
  return new AtpError(
    'config_invalid',
    `Another data directory uses the shared database under the node_id "${node_id}". Give each router a node_id of its own; if that router is gone for good, its name is free in ${seconds} s.`,
    { param: 'node_id' },
  );
}
