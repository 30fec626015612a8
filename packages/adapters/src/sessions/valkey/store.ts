import { AtpError } from '@atp-router/kernel';
import type { StoredChange } from '@atp-router/session';
import { Batch } from '../batch.ts';
import { closed } from '../memory.ts';
import { tooSlow } from '../problems.ts';
import { itemOf, Shelf } from '../shelf.ts';
import type { FoundSession, KeptSession, Saved, SessionElsewhere, SessionStore, SessionStoreLimits } from '../types.ts';
import type { SessionStoreUsage, SharedSessions } from '../types.ts';
import { Codec, type Mine } from './codec.ts';
import { ValkeyLink } from './link.ts';
import { gone, moved, sealedByOthers } from './problems.ts';
import { ALIVE_MS, Readings, type Taken, TTL_MARGIN_MS, TTL_MS, answerOf } from './readings.ts';
import { inspect } from './server.ts';
import { TIMEOUT_MS, VALKEY_SESSION_STORE_LIMITS, type ValkeySessionStoreOptions } from './options.ts';
import { notesWith, Writes } from './writes.ts';

/** Sessions in one sign of life: a script holds up all others of the server for its time, this one for less than a millisecond. */
const RENEWED_AT_ONCE = 128;
/** Longer than one batch may take, so that a server that comes back has it. */
const CLOSE_MS = 15_000;

/** Sessions on a server that is Valkey or Redis, which other routers use as well. Limits are those of this router's sessions. */
export function valkeySessionStore(options: ValkeySessionStoreOptions): SessionStore {
  return new ValkeyStore(options);
}

class ValkeyStore implements SessionStore, SharedSessions {
  readonly #options: ValkeySessionStoreOptions;
  readonly #limits: SessionStoreLimits;
  readonly #shelf: Shelf;
  readonly #codec: Codec;
  readonly #link: ValkeyLink;
  readonly #readings: Readings;
  readonly #mine: Map<string, Mine> = new Map();
  /** Whose drop waits for the next batch. */
  #dropped: Map<string, Mine> = new Map();
  readonly #moved = { in: 0, out: 0 };
  #waiting = new Batch();
  #is_writing = false;
  #writing_bytes = 0;
  #flush: NodeJS.Immediate | undefined;
  readonly #alive: NodeJS.Timeout;
  #is_renewing = false;
  #number = 0;
  #marks = 0;
  #is_closed = false;
  #idle: (() => void) | undefined;
  #told_sealed = false;
  #tell: (session: KeptSession) => void = () => undefined;

  constructor(options: ValkeySessionStoreOptions) {
    const { prefix, owner, seal_key, url, ca, wait_replicas, clock, timeout_ms = TIMEOUT_MS } = options;
    this.#options = options;
    this.#limits = options.limits ?? VALKEY_SESSION_STORE_LIMITS;
    this.#shelf = new Shelf(this.#limits);
    this.#codec = new Codec(prefix, owner, seal_key);
    this.#link = new ValkeyLink({ url, ca, wait_replicas, timeout_ms });
    this.#readings = new Readings(this.#codec, this.#link, clock);
    this.#alive = setInterval(() => void this.renew(), ALIVE_MS);
    this.#alive.unref();
  }

  get shared(): SharedSessions {
    return this;
  }

  async load(): Promise<readonly FoundSession[]> {
    for (const problem of inspect(await this.#link.open())) this.#options.on_problem(problem);
    const found: FoundSession[] = [];
    for await (const taken of this.#readings.mine()) {
      const one = this.#shelf.size < this.#limits.sessions ? this.#keep(taken) : undefined;
      if (one !== undefined) found.push(one);
      // It expires by itself, or is read by a start with the right key before that.
      else if (taken.items === undefined) this.#tellSealed();
      else {
        this.#dropped.set(taken.mine.session.born, taken.mine);
        this.#waiting.drop(taken.mine.session.born);
      }
    }
    if (!this.#waiting.is_empty) this.#soon();
    return found;
  }

  save(session: KeptSession, changes: readonly StoredChange[], done: Saved): void {
    const failure = this.#save(session, changes, done);
    if (failure !== undefined) queueMicrotask(() => done(failure));
  }

  #save(session: KeptSession, changes: readonly StoredChange[], done: Saved): AtpError | undefined {
    if (this.#is_closed) return closed();
    try {
      const items = [...this.#shelf.plan(session, changes), ...notesWith(changes)];
      const bytes = this.#waiting.bytes + this.#writing_bytes + Batch.bytesOf(items);
      if (bytes > this.#limits.waiting_bytes) throw tooSlow('server of the sessions');
      const mine = this.#mineOf(session);
      for (const change of changes) {
        if (!('put' in change) || change.put !== 'session') continue;
        mine.ttl_ms = (change.value.agreed?.resume_ttl_ms ?? TTL_MS) + TTL_MARGIN_MS;
      }
      this.#waiting.save(session, items, done);
      this.#soon();
      return undefined;
    } catch (error) {
      this.#shelf.fail(session.born);
      if (error instanceof AtpError) return error;
      throw error;
    }
  }

  disconnected({ born }: KeptSession, since_ms: number | undefined): void {
    if (this.#is_closed || !this.#mine.has(born)) return;
    this.#waiting.since(born, since_ms);
    this.#soon();
  }

  drop({ born }: KeptSession): void {
    const mine = this.#mine.get(born);
    this.#shelf.drop(born);
    if (this.#is_closed || mine === undefined) return;
    this.#mine.delete(born);
    this.#dropped.set(born, mine);
    this.#waiting.drop(born);
    this.#soon();
  }

  usage(): SessionStoreUsage {
    return { ...this.#shelf.usage, moved: { ...this.#moved } };
  }

  onLost(listener: (session: KeptSession) => void): void {
    this.#tell = listener;
  }

  async find(session_id: string, tenant: string | undefined): Promise<readonly SessionElsewhere[]> {
    const { found, unreadable } = await this.#readings.find(session_id, tenant);
    if (unreadable > 0) this.#tellSealed();
    // What this router drives itself is ahead of what is kept of it: a token that it has spent is no token any more.
    const { owner } = this.#options;
    return found.filter(
      ({ session, claim }) => claim.owner !== owner || this.#mine.get(session.born)?.epoch !== claim.epoch,
    );
  }

  async take(one: SessionElsewhere): Promise<FoundSession | undefined> {
    if (this.#is_closed) throw closed();
    if (this.#shelf.size >= this.#limits.sessions) throw this.#shelf.full('sessions');
    const taken = await this.#readings.take(one);
    if (taken === undefined) return undefined;
    // What was kept of it here is of an earlier epoch.
    this.#lose(one.session.born);
    this.#moved.in += 1;
    return this.#keep(taken);
  }

  async begin({ born }: KeptSession, stream_id: string): Promise<boolean> {
    const mine = this.#mine.get(born);
    if (this.#is_closed) throw closed();
    if (mine === undefined) throw moved();
    this.#marks += 1;
    const [reply] = await this.#link.run([this.#codec.begin(mine, stream_id, `${mine.epoch}.${this.#marks}`)]);
    const value = answerOf(reply);
    if (value === 'gone') throw gone();
    if (value === 'moved') {
      if (this.#mine.get(born) === mine) this.#lose(born);
      throw moved();
    }
    return value === 'ok';
  }

  /** Says that the sessions of this router are in use, and learns which of them are another's now. */
  async renew(): Promise<void> {
    if (this.#is_renewing || this.#is_closed) return;
    this.#is_renewing = true;
    const all = [...this.#mine.values()].filter(({ is_stored }) => is_stored);
    try {
      for (let i = 0; i < all.length; i += RENEWED_AT_ONCE) {
        const some = all.slice(i, i + RENEWED_AT_ONCE);
        const call = this.#codec.renew(some, this.#options.clock.now_ms());
        // Replicas that are away are no reason to let sessions expire.
        const [reply] = await this.#link.run([call], false);
        const answers = answerOf(reply) as readonly string[];
        for (const [n, mine] of some.entries()) {
          const { born } = mine.session;
          if (this.#mine.get(born) !== mine) continue;
          if (answers[n] === 'moved') this.#lose(born);
          // Its next change fails, and tells the client.
          else if (answers[n] === 'gone') this.#shelf.fail(born);
        }
      }
    } catch {
      // Saves say so, too, and whoever has nothing to save need not know.
    } finally {
      this.#is_renewing = false;
    }
  }

  async close(): Promise<void> {
    if (this.#is_closed) return;
    this.#is_closed = true;
    clearInterval(this.#alive);
    this.#write();
    if (this.#is_writing) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#link.close();
  }

  #mineOf(session: KeptSession): Mine {
    const known = this.#mine.get(session.born);
    if (known !== undefined) return known;
    const sealer = this.#codec.sealerOf(session);
    const mine: Mine = { session, sealer, epoch: 1, is_stored: false, ttl_ms: TTL_MS + TTL_MARGIN_MS };
    this.#mine.set(session.born, mine);
    return mine;
  }

  #keep({ mine, items, found }: Taken): FoundSession | undefined {
    if (items === undefined || found === undefined) return undefined;
    for (const item of items) this.#shelf.found(mine.session, itemOf(item), item.length);
    this.#mine.set(mine.session.born, mine);
    return found;
  }

  /** The session is another router's. Who waits for it to be kept is told after whoever drives it has left it. */
  #lose(born: string): void {
    const mine = this.#mine.get(born);
    if (mine === undefined) return;
    this.#moved.out += 1;
    this.#mine.delete(born);
    this.#shelf.drop(born);
    const saves = this.#waiting.withdraw(new Set([born]));
    this.#tell(mine.session);
    for (const { done } of saves) done(moved());
  }

  #tellSealed(): void {
    if (!this.#told_sealed) this.#options.on_problem(sealedByOthers());
    this.#told_sealed = true;
  }

  /** With everything else that this turn of the event loop hands in. */
  #soon(): void {
    this.#flush ??= setImmediate(() => this.#write());
  }

  #write(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    // The next one goes when this one is done.
    if (this.#is_writing || this.#waiting.is_empty) return;
    this.#is_writing = true;
    void this.#writeBatch().finally(() => {
      this.#is_writing = false;
      this.#writing_bytes = 0;
      if (!this.#waiting.is_empty) this.#write();
      else this.#idle?.();
    });
  }

  async #writeBatch(): Promise<void> {
    const [batch, dropped] = [this.#waiting, this.#dropped];
    this.#waiting = new Batch();
    this.#dropped = new Map();
    this.#writing_bytes = batch.bytes;
    this.#number += 1;
    const at = { number: this.#number, now_ms: this.#options.clock.now_ms() };
    const writes = new Writes(batch, this.#codec, at, { mine: this.#mine, dropped });
    const outcomes = await writes.run(this.#link);
    const problems = new Map<string, AtpError>();
    const failures = new Map<string, AtpError>();
    const more: { readonly done: Saved; readonly error: AtpError }[] = [];
    for (const [mine, outcome] of outcomes) {
      const { born } = mine.session;
      const is_current = this.#mine.get(born) === mine;
      if (outcome.kind === 'kept') continue;
      if (outcome.kind === 'lost') {
        failures.set(born, moved());
        if (is_current) this.#lose(born);
        continue;
      }
      problems.set(outcome.error.message, outcome.error);
      const error = outcome.is_full ? this.#shelf.full('all') : outcome.error;
      failures.set(born, error);
      if (!is_current) continue;
      this.#shelf.fail(born);
      for (const { done } of this.#waiting.withdraw(new Set([born]))) more.push({ done, error });
    }
    for (const problem of problems.values()) this.#options.on_problem(problem);
    for (const { born, done } of batch.saves) done(failures.get(born));
    for (const { done, error } of more) done(error);
  }
}
