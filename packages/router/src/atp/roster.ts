import type { SessionGauges } from '@atp-router/adapters';
import { NO_COUNTS, type SessionCounts } from '@atp-router/session';
import type { Frame, Window } from '@atp-router/wire';
import { addCounts } from './counts.ts';
import type { HostedSession, SessionOwner } from './hub-types.ts';
import type { SessionHost } from './session-host.ts';

/** A session that is here, and whose it is. */
export interface Hosted {
  readonly host: SessionHost;
  readonly owner: SessionOwner;
  readonly session_id: string;
  readonly born: string;
  /** The most that its client wants to have outstanding (S23); absent members: as much as it may. */
  readonly asked: Window;
}

/** Which sessions there are: by tenant and name, and what they sum up to. */
export class Roster {
  readonly #sessions: Map<string, Hosted> = new Map();
  /** Of all tenants by name: a client that resumes may have nothing but its token. */
  readonly #by_name: Map<string, Set<Hosted>> = new Map();
  readonly #by_tenant: Map<string, number> = new Map();
  /** Of sessions that are over. */
  readonly #counts: SessionCounts = { ...NO_COUNTS };

  get size(): number {
    return this.#sessions.size;
  }

  /** A copy: what is done with them may end some. */
  all(): readonly Hosted[] {
    return [...this.#sessions.values()];
  }

  /** `born`: only that one of all that have had the name. */
  find(tenant: string, session_id: string, born?: string): SessionHost | undefined {
    const hosted = this.#sessions.get(nameOf(tenant, session_id));
    return born === undefined || hosted?.born === born ? hosted?.host : undefined;
  }

  /** The session whose client sent this first frame of a connection. */
  admitting(frame: Frame): SessionHost | undefined {
    for (const { host } of this.#by_name.get(frame.session_id) ?? []) if (host.admits(frame)) return host;
    return undefined;
  }

  /** Sessions of one tenant. */
  sizeOf(tenant: string): number {
    return this.#by_tenant.get(tenant) ?? 0;
  }

  add(hosted: Hosted): void {
    const { owner, session_id } = hosted;
    this.#by_tenant.set(owner.tenant, this.sizeOf(owner.tenant) + 1);
    this.#sessions.set(nameOf(owner.tenant, session_id), hosted);
    const named = this.#by_name.get(session_id) ?? new Set();
    this.#by_name.set(session_id, named.add(hosted));
  }

  remove(hosted: Hosted): void {
    const { host, owner, session_id } = hosted;
    addCounts(this.#counts, host.view().counts);
    const left = this.sizeOf(owner.tenant) - 1;
    if (left > 0) this.#by_tenant.set(owner.tenant, left);
    else this.#by_tenant.delete(owner.tenant);
    const name = nameOf(owner.tenant, session_id);
    // Another session may have come in its place.
    if (this.#sessions.get(name) === hosted) this.#sessions.delete(name);
    const named = this.#by_name.get(session_id);
    named?.delete(hosted);
    if (named?.size === 0) this.#by_name.delete(session_id);
  }

  *views(): Iterable<HostedSession> {
    for (const { host, owner, session_id } of this.#sessions.values()) {
      const { is_connected: connected, remote_address } = host;
      yield { ...owner, session_id, connected, remote_address, view: host.view() };
    }
  }

  /** For a scrape: one walk over all sessions. */
  gauges(): SessionGauges {
    const sums = { streams: 0, lanes: 0, held_messages: 0, held_bytes: 0, connected: 0, waiting: 0 };
    const counts = { ...this.#counts };
    for (const { host } of this.#sessions.values()) {
      const view = host.view();
      sums[host.is_connected ? 'connected' : 'waiting'] += 1;
      for (const member of ['streams', 'lanes', 'held_messages', 'held_bytes'] as const) sums[member] += view[member];
      addCounts(counts, view.counts);
    }
    return { ...sums, counts };
  }
}

function nameOf(tenant: string, session_id: string): string {
  return `${tenant}\n${session_id}`;
}
