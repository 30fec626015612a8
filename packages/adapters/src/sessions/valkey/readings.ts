import type { Clock } from '@atp-router/kernel';
import { resumable } from '../found.ts';
import { itemOf } from '../shelf.ts';
import type { FoundSession, SessionElsewhere } from '../types.ts';
import { type Codec, foundOf, type Held, heldOf, type Mine, openAll } from './codec.ts';
import type { Reply, ValkeyLink } from './link.ts';
import { gone, outOfMemory, refusedBy } from './problems.ts';
import { reasonOf } from '../../valkey/reasons.ts';
import type { Call } from './scripts.ts';

/** How often a router says of its sessions that they are in use. One that had a connection lost it within that. */
export const ALIVE_MS = 5_000;

/** What a session is kept for beyond the time that its client has: clocks that differ, and a server that was away. */
export const TTL_MARGIN_MS = 60_000;
/** Until the session has been agreed on, which takes seconds. */
export const TTL_MS = 60_000;

/** Sessions that are read at once at a start: each may be large. */
const TAKEN_AT_ONCE = 32;

/** A session that has been taken, and what could be read of it. */
export interface Taken {
  readonly mine: Mine;
  /** Undefined: it cannot be opened. */
  readonly items: readonly Uint8Array[] | undefined;
  /** Undefined: nobody may resume it any more. */
  readonly found: FoundSession | undefined;
}

/** What is read from the server: at a start, and when a client comes from another router. */
export class Readings {
  readonly #codec: Codec;
  readonly #link: ValkeyLink;
  readonly #clock: Clock;

  constructor(codec: Codec, link: ValkeyLink, clock: Clock) {
    this.#codec = codec;
    this.#link = link;
    this.#clock = clock;
  }

  /** All that a predecessor of this router left, oldest first, taken. */
  async *mine(): AsyncGenerator<Taken> {
    const [reply] = await this.#link.run([this.#codec.mine()], false);
    const all = answerOf(reply) as readonly string[];
    for (let i = 0; i < all.length; i += TAKEN_AT_ONCE) {
      const born = all.slice(i, i + TAKEN_AT_ONCE);
      const replies = await this.#link.run(born.map((one) => this.#take(one, undefined)));
      for (const [n, one] of born.entries()) {
        const taken = this.#taken(one, answerOf(replies[n]));
        if (taken !== undefined) yield taken;
      }
    }
  }

  /** `unreadable`: how many were sealed with another key. */
  async find(
    session_id: string,
    tenant: string | undefined,
  ): Promise<{ readonly found: readonly SessionElsewhere[]; readonly unreadable: number }> {
    const [reply] = await this.#link.run([this.#codec.find(session_id, tenant)], false);
    const found: SessionElsewhere[] = [];
    let unreadable = 0;
    for (const held of foundOf(answerOf(reply))) {
      if (held.session.session_id !== session_id) continue;
      const { items, found: one } = this.#read(held);
      if (items === undefined) unreadable += 1;
      if (one !== undefined) found.push({ ...one, claim: { owner: held.owner, epoch: held.epoch } });
    }
    return { found, unreadable };
  }

  async take({ session, claim }: SessionElsewhere): Promise<Taken | undefined> {
    const [reply] = await this.#link.run([this.#take(session.born, claim)]);
    return this.#taken(session.born, answerOf(reply));
  }

  #take(born: string, claim: SessionElsewhere['claim'] | undefined): Call {
    const times = { now_ms: this.#clock.now_ms(), alive_ms: ALIVE_MS, ttl_ms: TTL_MS + TTL_MARGIN_MS };
    return this.#codec.take(born, claim, times);
  }

  #taken(born: string, value: unknown): Taken | undefined {
    const held = heldOf(born, value);
    if (held === undefined) return undefined;
    const { items, found, sealer } = this.#read(held);
    const resume_ttl_ms = found?.snapshot.session.agreed?.resume_ttl_ms ?? TTL_MS;
    const ttl_ms = resume_ttl_ms + TTL_MARGIN_MS;
    return { mine: { session: held.session, epoch: held.epoch, sealer, is_stored: true, ttl_ms }, items, found };
  }

  #read(held: Held) {
    const now_ms = this.#clock.now_ms();
    const { session, since_ms = Math.min(now_ms, held.at_ms + ALIVE_MS) } = held;
    const sealer = this.#codec.sealerOf(session);
    try {
      const items = openAll(held.items, sealer);
      return { sealer, items, found: resumable(session, items.map(itemOf), since_ms, now_ms) };
    } catch {
      return { sealer, items: undefined, found: undefined };
    }
  }
}

/** What a script returned. Throws what kept it from that. */
export function answerOf(reply: Reply | undefined): unknown {
  if (reply === undefined) throw gone();
  if ('value' in reply) return reply.value;
  throw reply.error === 'OOM' ? outOfMemory() : refusedBy(reasonOf({ name: 'ReplyError', message: reply.error }));
}
