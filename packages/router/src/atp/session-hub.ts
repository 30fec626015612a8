import type { KeptSession } from '@atp-router/adapters';
import { isAtpError } from '@atp-router/kernel';
import { judgeFirstFrame, refusalFrame, Session, smallerWindow } from '@atp-router/session';
import { errorPayload, errorPayloadOf, type Frame, type Payload, type Window } from '@atp-router/wire';
import { AuditGate } from './audit-gate.ts';
import type { SessionFlow } from './flow/session-flow.ts';
import type { Attached, SessionHubOptions, SessionOwner } from './hub-types.ts';
import { type Hosted, Roster } from './roster.ts';
import type { Carrier, Denial } from './host-types.ts';
import { callOf, keeperOf } from './keeper.ts';
import { hostedOptions } from './hosted-options.ts';
import { SessionHost } from './session-host.ts';
import {
  codeOf,
  DAMAGED,
  endOf,
  FULL,
  GONE,
  isDenial,
  isSigned,
  offersSignatures,
  type Refusal,
  refusal,
  type RefusedFirst,
  REFUSED,
  RESTARTED,
  TENANT_FULL,
  UNSIGNED,
} from './session-refusals.ts';

type Wanted = Exclude<ReturnType<typeof judgeFirstFrame>, { type: 'refused' }>;

const NOBODY: SessionOwner = { tenant: '', key_id: '' };

/** All sessions of this process, by tenant and name. */
export class SessionHub {
  readonly #options: SessionHubOptions;
  readonly #roster = new Roster();
  readonly #gate = new AuditGate();
  #is_draining = false;
  #is_leaving = false;
  #idle: (() => void)[] = [];
  readonly #answered: (() => void)[] = [];

  constructor(options: SessionHubOptions) {
    this.#options = options;
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
    if (!(host instanceof SessionHost)) {
      const { answer } = host;
      this.#refused(host, carrier.remote_address);
      carrier.send(answer, 'json');
      carrier.close(endOf(answer.payload));
      return undefined;
    }
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
    const { kept, clock, onFault } = this.#options;
    for (const found of (await kept?.store.load()) ?? []) {
      const { session, snapshot, since_ms } = found;
      if (!this.#options.knows(session)) {
        kept?.store.drop(session);
        continue;
      }
      // As if it had stood here without a connection since it lost it (S31).
      const lost_mono_ms = clock.mono_ms() - (clock.now_ms() - since_ms);
      try {
        const restored = Session.restore(hostedOptions(this.#options, session), snapshot, lost_mono_ms);
        this.#roster.find(session.tenant, session.session_id)?.abort(REFUSED);
        // What its client had asked for beyond that is not known any more.
        const asked = snapshot.session.agreed?.window ?? {};
        const host = this.#host(session, restored, asked);
        host.resume();
        // What it was told is what the predecessor allowed.
        host.setWindow(smallerWindow(this.#options.flow.windowOf(session), asked));
        // What the predecessor had asked an agent, it has told its client as interrupted.
        for (const { stream_id } of snapshot.streams) host.disown(stream_id, RESTARTED);
      } catch (thrown) {
        kept?.store.drop(session);
        onFault(thrown);
      }
    }
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
  }

  /** Leaves all sessions to a successor, and closes their connections. Calls should have ended. */
  suspend(): void {
    this.#is_draining = true;
    for (const { host } of this.#roster.all()) host.suspend();
  }

  /** Takes no new sessions, lets streams end, and resolves when all sessions have. */
  drain(): Promise<void> {
    this.#is_draining = true;
    for (const { host } of this.#roster.all()) host.order({ type: 'finish' });
    if (this.#roster.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** As `drain`, for so long at most. */
  drained(longest_ms: number): Promise<void> {
    return this.#within(longest_ms, (done) => void this.drain().then(done));
  }

  /** Ends what is left. */
  abortAll(error: Payload): void {
    for (const { host } of this.#roster.all()) host.abort(error);
  }

  #refused({ answer, owner, reason }: RefusedFirst, remote_address: string): void {
    const { session_id, payload } = answer;
    this.#options.observer.refused(payload?.content);
    if (isDenial(payload)) this.#denied(owner ?? NOBODY, session_id, { reason }, remote_address);
  }

  #denied({ tenant, key_id }: SessionOwner, session_id: string, denial: Denial, remote_address: string): void {
    const suppressed = this.#gate.admit(this.#options.clock.mono_ms());
    if (suppressed === undefined) return;
    const at = { tenant, key_id, session_id, remote_address };
    this.#options.onEvent({ type: 'session.denied', ...at, ...denial, error: 'ESEC', suppressed });
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
      hadBegun: (id) => kept?.hadBegun(callOf(born, id)) ?? Promise.resolve(false),
      ...(kept && { keeper: keeperOf(session, kept.store, clock) }),
      ...(peerOf && { peer: peerOf(session) }),
      errorOf: (thrown) => this.#errorOf(thrown),
      observer,
      ...(traced && { traced }),
      onAnswered: () => this.#tellAnswered(),
      onCrowded: () => meter.sign('ecn'),
      onOpened: () => onEvent({ type: 'session.opened', tenant, key_id, session_id }),
      onDenied: (denial, remote_address) => this.#denied(session, session_id, denial, remote_address),
      onClosed: (error) => {
        const code = codeOf(error);
        onEvent({ type: 'session.closed', tenant, key_id, session_id, ...(code !== undefined && { error: code }) });
        kept?.store.drop(session);
        meter.close();
        this.#roster.remove(hosted);
        if (this.#roster.size === 0) this.#tellIdle();
      },
    });
    const hosted = { host, owner: { tenant, key_id }, session_id, asked };
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
    return this.#within(longest_ms, (done) => {
      this.#answered.push(done);
      this.#tellAnswered();
    });
  }

  #within(longest_ms: number, begin: (done: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(longest_ms, resolve);
      begin(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #tellAnswered(): void {
    if (this.#answered.length === 0) return;
    // The writer says so before it has noted what it was told: in the next turn all have.
    queueMicrotask(() => {
      if (this.#roster.all().some(({ host }) => host.is_answering)) return;
      for (const resolve of this.#answered.splice(0)) resolve();
    });
  }

  #tellIdle(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #errorOf(thrown: unknown): Payload {
    if (!isAtpError(thrown)) this.#options.onFault(thrown);
    return errorPayloadOf(thrown);
  }
}
