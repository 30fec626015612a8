import type { KeptSession } from '@atp-router/adapters';
import { isAtpError } from '@atp-router/kernel';
import { judgeFirstFrame, refusalFrame, Session, smallerWindow } from '@atp-router/session';
import { errorPayload, errorPayloadOf, type Frame, type Payload, type Window } from '@atp-router/wire';
import { Arrivals } from './arrivals.ts';
import { Awaited } from './awaited.ts';
import { Denials } from './denials.ts';
import type { SessionFlow } from './flow/session-flow.ts';
import type { Attached, First, SessionHubOptions, SessionOwner } from './hub-types.ts';
import { type Hosted, Roster } from './roster.ts';
import type { Carrier } from './host-types.ts';
import { callOf, keeperOf } from './keeper.ts';
import { hostedOptions } from './hosted-options.ts';
import { SessionHost } from './session-host.ts';
import {
  codeOf,
  DAMAGED,
  endOf,
  endOfUnknown,
  FULL,
  GONE,
  isSigned,
  offersSignatures,
  type Refusal,
  refusal,
  type RefusedFirst,
  REFUSED,
  TENANT_FULL,
  UNSIGNED,
} from './session-refusals.ts';
import { Waiters } from './waiters.ts';

type Wanted = Exclude<ReturnType<typeof judgeFirstFrame>, { type: 'refused' }>;

/** All sessions of this process, by tenant and name. */
export class SessionHub {
  readonly #options: SessionHubOptions;
  readonly #roster = new Roster();
  readonly #denials: Denials;
  readonly #arrivals: Arrivals;
  #is_draining = false;
  #is_leaving = false;
  #is_suspended = false;
  readonly #idle: Waiters;
  readonly #answered: Waiters;

  constructor(options: SessionHubOptions) {
    this.#options = options;
    this.#idle = new Waiters(options.timers);
    this.#answered = new Waiters(options.timers);
    this.#denials = new Denials(options);
    this.#arrivals = new Arrivals({
      ...{ hub: options, roster: this.#roster, isLeaving: () => this.#is_leaving },
      host: (session, machine, asked) => this.#host(session, machine, asked),
    });
  }

  get roster(): Roster {
    return this.#roster;
  }

  get flow(): SessionFlow {
    return this.#options.flow;
  }

  get size(): number {
    return this.#roster.size;
  }

  /** Ends a session. False: there is none of that name. */
  end(tenant: string, session_id: string, error: Payload): boolean {
    const host = this.#roster.find(tenant, session_id);
    host?.abort(error);
    return host !== undefined;
  }

  /**
   * A connection whose first frame has come; `owner` where the transport has authenticated it. Undefined when it was
   * refused: the answer has been sent, and the connection closed.
   */
  accept(carrier: Carrier, owner: SessionOwner | undefined, frame: Frame, bytes: number): Attached | undefined {
    if (this.#options.ports.sealer?.checkChecksum(frame) === 'bad') {
      // Nothing of it can be believed (W43). A client that resumes tries again on another connection, with its session whole.
      if (judgeFirstFrame(frame).type !== 'resume') carrier.send(refusalFrame(frame.session_id, DAMAGED), 'json');
      carrier.close('refused');
      return undefined;
    }
    const host = this.#hostOf(owner, frame);
    if (host instanceof SessionHost) return this.#attach(host, carrier, frame, bytes);
    if (!this.#may_be_elsewhere || judgeFirstFrame(frame).type !== 'resume') this.#refuse(host, carrier);
    else if (this.#is_leaving) carrier.close('going_away');
    else return this.#await({ carrier, owner, frame, bytes }, host);
    return undefined;
  }

  /**
   * Whether a first frame that came to another process resumes a session of this one. Undefined: it does, and a successor is to
   * have it.
   */
  has(owner: SessionOwner | undefined, frame: Frame): boolean | undefined {
    const is_here = judgeFirstFrame(frame).type === 'resume' && this.#hostOf(owner, frame) instanceof SessionHost;
    return is_here && this.#is_suspended ? undefined : is_here;
  }

  get #may_be_elsewhere(): boolean {
    return this.#arrivals.can_come || this.#options.elsewhere !== undefined;
  }

  #seek(first: First): Promise<SessionHost | Attached | undefined> {
    if (this.#arrivals.can_come) return this.#arrivals.resume(first.owner, first.frame);
    return this.#options.elsewhere?.find(first) ?? Promise.resolve(undefined);
  }

  /** Another router, or process of this one, may have the session. */
  #await(first: First, refused: RefusedFirst): Attached {
    const { carrier, frame, bytes } = first;
    const awaited = new Awaited(carrier);
    const arrived = (found: SessionHost | Attached | undefined): void => {
      if (awaited.is_over) {
        if (!(found instanceof SessionHost)) found?.onClosed();
      } else if (found instanceof SessionHost) awaited.settle(this.#attach(found, carrier, frame, bytes));
      else if (found !== undefined) awaited.settle(found);
      // Whether there is one is not known, then: no refusal either.
      else if (this.#is_leaving) carrier.close('going_away');
      else this.#refuse(refused, carrier);
    };
    // What cannot be known now is no refusal: the client keeps its session, and comes again.
    const failed = (thrown: unknown): void => {
      if (!isAtpError(thrown)) this.#options.onFault(thrown);
      carrier.close(endOfUnknown(thrown));
      awaited.onClosed();
    };
    void this.#seek(first).then(arrived).catch(failed);
    return awaited;
  }

  #refuse(refused: RefusedFirst, carrier: Carrier): void {
    const { answer } = refused;
    this.#denials.refused(refused, carrier.remote_address);
    carrier.send(answer, 'json');
    carrier.close(endOf(answer.payload));
  }

  #attach(host: SessionHost, carrier: Carrier, frame: Frame, bytes: number): Attached {
    host.attach(carrier, frame, bytes);
    return {
      onFrame: (next, size) => host.onFrame(carrier, next, size),
      onBadFrame: (error) => {
        const content = error.toContent();
        this.#options.observer.unreadable(content);
        host.refuse(carrier, { type: 'error', content }, error.address?.stream_id);
      },
      onClosed: () => host.onClosed(carrier),
    };
  }

  /** Takes up what a predecessor kept; once, before the first connection. Resolves with how many sessions there are. */
  async restore(): Promise<number> {
    await this.#arrivals.restoreAll();
    return this.#roster.size;
  }

  /** The configuration has changed: ends the sessions of whom it no longer knows, and tells the others their windows. */
  refresh(): void {
    const { knows, mustSign, flow } = this.#options;
    flow.refresh();
    for (const hosted of this.#roster.all()) {
      const { host, owner } = hosted;
      if (!knows(owner)) host.abort(GONE);
      else if (mustSign(owner) && !isSigned(host.view())) host.abort(UNSIGNED);
      else this.#tellWindow(hosted);
    }
  }

  #tellWindow({ host, owner, session_id, asked }: Hosted): void {
    host.setWindow(smallerWindow(this.#options.flow.windowOf({ ...owner, session_id }), asked));
  }

  /** Tasks that come from now on are kept for a successor, which is about to come. Where nothing is kept, they are refused. */
  leave(): void {
    this.#is_leaving = this.#options.kept !== undefined;
    this.#options.elsewhere?.leave();
  }

  /** Leaves all sessions to a successor, and closes their connections. Calls should have ended. */
  suspend(): void {
    this.#is_draining = true;
    this.#is_suspended = true;
    for (const { host } of this.#roster.all()) host.suspend();
  }

  /** Takes no new sessions, lets streams end, and resolves when all sessions have, or after so long. */
  drain(longest_ms?: number): Promise<void> {
    this.#is_draining = true;
    for (const { host } of this.#roster.all()) host.order({ type: 'finish' });
    return this.#roster.size === 0 ? Promise.resolve() : this.#idle.wait(longest_ms);
  }

  /** Ends what is left. */
  abortAll(error: Payload): void {
    for (const { host } of this.#roster.all()) host.abort(error);
  }

  /** The session that a first frame is for, or the answer that refuses it. */
  #hostOf(owner: SessionOwner | undefined, frame: Frame): SessionHost | RefusedFirst {
    const first = judgeFirstFrame(frame);
    if (first.type === 'refused') return { answer: first.answer, owner };
    const wanted = this.#wanted(owner, frame, first);
    if (wanted instanceof SessionHost) return wanted;
    const { error, ...who } = wanted;
    return { answer: refusalFrame(first.session_id, error), ...who };
  }

  #wanted(owner: SessionOwner | undefined, frame: Frame, first: Wanted): SessionHost | Refusal {
    const { session_id } = first;
    const resumes = first.type === 'resume';
    if (owner === undefined && resumes) return this.#roster.admitting(frame) ?? refusal(REFUSED, owner, 'session');
    let known = owner;
    try {
      known ??= this.#options.authenticate(first.type === 'open' ? first.token : undefined);
    } catch (thrown) {
      return refusal(this.#errorOf(thrown), undefined, 'key');
    }
    const there = this.#roster.find(known.tenant, session_id);
    if (there !== undefined) return there.admits(frame) ? there : refusal(REFUSED, known, 'session');
    if (resumes) return refusal(REFUSED, known, 'session');
    if (this.#is_draining) return refusal(errorPayload('EDRAINING'), known);
    if (this.#options.mustSign(known) && !offersSignatures(frame)) return refusal(UNSIGNED, known, 'unsigned');
    const { sessions_max, tenant_sessions_max } = this.#options;
    if (this.#roster.size >= sessions_max) return refusal(FULL, known);
    if (this.#roster.sizeOf(known.tenant) >= tenant_sessions_max) return refusal(TENANT_FULL, known);
    return this.#open(known, session_id, first.wanted_window);
  }

  #open({ tenant, key_id }: SessionOwner, session_id: string, asked: Window): SessionHost {
    const session = { tenant, key_id, session_id, born: this.#options.born() };
    return this.#host(session, new Session(hostedOptions(this.#options, session)), asked);
  }

  #host(session: KeptSession, machine: Session, asked: Window): SessionHost {
    const { clock, timers, startTask, kept, peerOf, observer, traced, flow, onEvent } = this.#options;
    const { session_id, tenant, key_id, born } = session;
    const host: SessionHost = new SessionHost(machine, {
      ...{ session_id, clock, timers },
      startTask: (frame, stream, id) =>
        meter.task(stream, (watched) => startTask(frame, watched, { tenant, key_id, session_id }, callOf(born, id))),
      isLeaving: () => this.#is_leaving,
      hadBegun: (id) => kept?.hadBegun(session, id) ?? Promise.resolve(false),
      asks_always: kept?.asks_always ?? false,
      ...(kept && { keeper: keeperOf(session, kept.store, clock) }),
      ...(peerOf && { peer: peerOf(session) }),
      errorOf: (thrown) => this.#errorOf(thrown),
      observer,
      ...(traced && { traced }),
      onAnswered: () => this.#tellAnswered(),
      onCrowded: () => meter.sign('ecn'),
      onOpened: () => onEvent({ type: 'session.opened', tenant, key_id, session_id }),
      onDenied: (denial, remote_address) => this.#denials.denied(session, session_id, denial, remote_address),
      onClosed: (error) => {
        const code = codeOf(error);
        onEvent({ type: 'session.closed', tenant, key_id, session_id, ...(code !== undefined && { error: code }) });
        kept?.store.drop(session);
        meter.close();
        this.#roster.remove(hosted);
        if (this.#roster.size === 0) this.#idle.tell();
      },
    });
    const hosted = { host, owner: { tenant, key_id }, session_id, born, asked };
    this.#roster.add(hosted);
    const meter = flow.open(session, {
      setWindow: () => this.#tellWindow(hosted),
      setCrowded: (is_crowded) => host.order({ type: 'crowded', crowded: is_crowded }),
      tell: (payload) => host.tell(payload),
    });
    meter.refreshCrowded();
    return host;
  }

  /** Resolves when no session owes a client that is there a part of an answer, or after so long. Calls should have ended. */
  answered(longest_ms: number): Promise<void> {
    const done = this.#answered.wait(longest_ms);
    this.#tellAnswered();
    return done;
  }

  #tellAnswered(): void {
    if (this.#answered.size === 0) return;
    // The writer says so before it has noted what it was told: in the next turn all have.
    queueMicrotask(() => {
      if (this.#roster.all().some(({ host }) => host.is_answering)) return;
      this.#answered.tell();
    });
  }

  #errorOf(thrown: unknown): Payload {
    if (!isAtpError(thrown)) this.#options.onFault(thrown);
    return errorPayloadOf(thrown);
  }
}
