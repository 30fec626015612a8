import { AtpError } from '@atp-router/kernel';
import type { FoundSession, KeptSession, SessionElsewhere, SharedSessions } from '@atp-router/adapters';
import { Session, smallerWindow } from '@atp-router/session';
import type { Frame, Window } from '@atp-router/wire';
import { hostedOptions } from './hosted-options.ts';
import type { SessionHubOptions, SessionOwner } from './hub-types.ts';
import type { Roster } from './roster.ts';
import type { SessionHost } from './session-host.ts';
import { REFUSED, RESTARTED } from './session-refusals.ts';

/**
 * Clients whose session is being looked for at once; further ones come again. Anybody who can connect may ask with a token
 * that is none, and each costs the server a question.
 */
const LOOKED_FOR_MAX = 256;

export interface ArrivalsOptions {
  readonly hub: SessionHubOptions;
  readonly roster: Roster;
  host(session: KeptSession, machine: Session, asked: Window): SessionHost;
  /** This process takes no sessions any more: they are for a successor, or another router. */
  isLeaving(): boolean;
}

/** Sessions that were not opened here: a predecessor of this process kept them, or another router has them. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  /** The last of those who look for a session of that name: two must not take it from each other. */
  readonly #looking: Map<string, Promise<unknown>> = new Map();
  #looked_for = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#shared?.onLost(({ tenant, session_id, born }) => {
      options.roster.find(tenant, session_id, born)?.release();
    });
  }

  get can_come(): boolean {
    return this.#shared !== undefined;
  }

  /** Takes up what a predecessor kept; once, before the first connection. */
  async restoreAll(): Promise<void> {
    for (const found of (await this.#options.hub.kept?.store.load()) ?? []) this.#restore(found);
  }

  /**
   * The session whose client sent this first frame, from whichever router has it: who shows its token may have it here
   * (S34). Undefined: there is none, or none for a router that is leaving. Rejects when that cannot be known, or there is no
   * room: the client comes again.
   */
  async resume(owner: SessionOwner | undefined, frame: Frame): Promise<SessionHost | undefined> {
    if (this.#looked_for >= LOOKED_FOR_MAX) {
      throw new AtpError('backpressure', 'Too many sessions are looked for at once.', { retry_after_ms: 1_000 });
    }
    this.#looked_for += 1;
    const { session_id } = frame;
    const before = this.#looking.get(session_id);
    const mine = (before ?? Promise.resolve()).then(() => this.#find(owner, frame));
    const turn = mine.catch(() => undefined);
    this.#looking.set(session_id, turn);
    try {
      return await mine;
    } finally {
      this.#looked_for -= 1;
      if (this.#looking.get(session_id) === turn) this.#looking.delete(session_id);
    }
  }

  get #shared(): SharedSessions | undefined {
    return this.#options.hub.kept?.store.shared;
  }

  async #find(owner: SessionOwner | undefined, frame: Frame): Promise<SessionHost | undefined> {
    const { roster, hub } = this.#options;
    const here = roster.admitting(frame);
    if (here !== undefined && (owner === undefined || roster.find(owner.tenant, frame.session_id) === here))
      return here;
    for (const one of (await this.#shared?.find(frame.session_id, owner?.tenant)) ?? []) {
      if (this.#options.isLeaving()) return undefined;
      if (!hub.knows(one.session) || !this.#admits(one, frame)) continue;
      this.#needRoom(one.session.tenant);
      const found = await this.#shared?.take(one);
      // What was taken meanwhile is kept as it is: nobody here would suspend it.
      if (this.#options.isLeaving()) return undefined;
      const host = found && this.#restore(found);
      if (host === undefined) continue;
      const { tenant, key_id, session_id } = one.session;
      hub.onEvent({ type: 'session.opened', tenant, key_id, session_id });
      if (host.admits(frame)) return host;
    }
    return undefined;
  }

  /** Of the session itself, without its messages: who has no token must not cost more than that. */
  #admits({ session, snapshot, since_ms }: SessionElsewhere, frame: Frame): boolean {
    try {
      const options = hostedOptions(this.#options.hub, session);
      const machine = Session.restore(options, snapshot, this.#lostMs(since_ms));
      return machine.admits(frame);
    } catch (thrown) {
      this.#options.hub.onFault(thrown);
      return false;
    }
  }

  #needRoom(tenant: string): void {
    const { roster, hub } = this.#options;
    if (roster.size < hub.sessions_max && roster.sizeOf(tenant) < hub.tenant_sessions_max) return;
    throw new AtpError('backpressure', 'The router has as many sessions as it may have.', { retry_after_ms: 1_000 });
  }

  /** As if it had stood here without a connection since it lost it (S31). */
  #lostMs(since_ms: number): number {
    const { clock } = this.#options.hub;
    return clock.mono_ms() - (clock.now_ms() - since_ms);
  }

  #restore({ session, snapshot, since_ms }: FoundSession): SessionHost | undefined {
    const { hub, roster } = this.#options;
    if (!hub.knows(session)) {
      hub.kept?.store.drop(session);
      return undefined;
    }
    try {
      const machine = Session.restore(hostedOptions(hub, session), snapshot, this.#lostMs(since_ms));
      roster.find(session.tenant, session.session_id)?.abort(REFUSED);
      // What its client had asked for beyond that is not known any more.
      const asked = snapshot.session.agreed?.window ?? {};
      const host = this.#options.host(session, machine, asked);
      host.resume();
      // What it was told is what the predecessor allowed.
      host.setWindow(smallerWindow(hub.flow.windowOf(session), asked));
      // What the predecessor had asked an agent, it has told its client as interrupted.
      for (const { stream_id } of snapshot.streams) host.disown(stream_id, RESTARTED);
      return host;
    } catch (thrown) {
      hub.kept?.store.drop(session);
      hub.onFault(thrown);
      return undefined;
    }
  }
}
