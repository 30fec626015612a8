import type { CloseName } from '@atp-router/adapters';
import type { AtpError } from '@atp-router/kernel';
import {
  type Agreed,
  refusalFrame,
  SESSION_LANE,
  SESSION_STREAM,
  type Session,
  type SessionEffect,
  type SessionInput,
  type SessionView,
} from '@atp-router/session';
import { type Frame, isFrameError, type Payload, type Window } from '@atp-router/wire';
import { DeadlineTimer } from './deadline-timer.ts';
import { EffectQueue } from './effect-queue.ts';
import { HeldCarrier } from './held-carrier.ts';
import type { Carrier, SessionHostPorts } from './host-types.ts';
import { HostedTasks } from './hosted-tasks.ts';
import { isOpening, noTask } from './opening.ts';
import { isOwnStream, type SessionPeer } from './session-peer.ts';
import { unkept } from './session-refusals.ts';

/** One session of this process: drives the state machine, its timer, its connection, and the tasks of its streams. */
export class SessionHost {
  readonly #session: Session;
  readonly #ports: SessionHostPorts;
  readonly #tasks: HostedTasks;
  readonly #effects: EffectQueue = new EffectQueue(
    (effect) => this.#do(effect),
    (thrown) => this.#broken(thrown),
  );
  #is_suspended = false;
  #was_open = false;
  /** With what its connection is closed, where the fault is this end's. */
  #end: CloseName | undefined;
  readonly #carrier = new HeldCarrier();
  #peer_window: Window = {};
  #encoding: Agreed['encoding'] = 'json';
  readonly #timer: DeadlineTimer;
  readonly #peer: SessionPeer | undefined;

  constructor(session: Session, ports: SessionHostPorts) {
    this.#session = session;
    this.#ports = ports;
    this.#tasks = new HostedTasks({
      ports,
      handle: (input) => this.#handle(input),
      refusal: (lane) => session.refusal(lane, ports.clock.mono_ms()),
    });
    this.#timer = new DeadlineTimer(ports, () => this.#handle({ type: 'timeout' }));
    this.#peer = ports.peer?.({
      nextStream: () => session.next_stream_id,
      room: (beyond) => session.room(ports.clock.mono_ms(), beyond),
      refusal: (lane, beyond) => session.refusal(lane, ports.clock.mono_ms(), beyond),
      handle: (input) => this.#handle(input),
    });
  }

  get remote_address(): string | undefined {
    return this.#carrier.remote_address;
  }

  view(): SessionView {
    return this.#session.view();
  }

  /** An answer is not with the session as a whole, or not with a client that is there to take it. */
  get is_answering(): boolean {
    return this.#tasks.is_answering || (this.is_connected && this.#session.unsettled > 0);
  }

  get is_connected(): boolean {
    return this.#carrier.is_there;
  }

  /** What a session that was restored has to do before anything comes. */
  resume(): void {
    this.#push(this.#session.take());
  }

  /** Leaves the session to a successor: nothing is told to the client, whose connection is closed. */
  suspend(end: CloseName = 'going_away'): void {
    this.#is_suspended = true;
    this.#timer.cancel();
    const was_connected = this.#carrier.close(end);
    this.#safely(() => was_connected && this.#connected(false));
  }

  /** Whether the first frame of a connection is from this session's client. */
  admits(frame: Frame): boolean {
    return this.#session.admits(frame);
  }

  /** Takes a connection whose first frame this is; an older one is closed, and no longer read. */
  attach(carrier: Carrier, frame: Frame, bytes: number): void {
    this.#carrier.replace(carrier);
    this.#connected(true);
    this.#handle({ type: 'connected', wall_ms: this.#ports.clock.now_ms() });
    this.onFrame(carrier, frame, bytes);
  }

  onFrame(carrier: Carrier, frame: Frame, bytes: number): void {
    if (!this.#carrier.holds(carrier)) return;
    this.#ports.observer.frame('in', frame);
    this.#handle({ type: 'frame', frame, bytes, wall_ms: this.#ports.clock.now_ms() });
  }

  onClosed(carrier: Carrier): void {
    if (!this.#carrier.holds(carrier)) return;
    this.#carrier.lose();
    this.#connected(false);
    this.#handle({ type: 'disconnected' });
  }

  /** `finish`: no new streams, and an end when those that are open have ended. `crowded`: its frames say so, or not any more. */
  order(input: Extract<SessionInput, { type: 'finish' | 'crowded' }>): void {
    this.#handle(input);
  }

  /** What the other end may have in flight from now on. */
  setWindow(window: Window): void {
    this.#ports.observer.window('out', this.#session.view().own_window, window);
    this.#handle({ type: 'window', window });
  }

  /** A message on the session's own stream. False: there is no room for it now, and nothing was sent. */
  tell(payload: Payload): boolean {
    if (this.#session.refusal(SESSION_LANE, this.#ports.clock.mono_ms()) === 'full') return false;
    this.#handle({ type: 'send', lane: SESSION_LANE, message: { payload } });
    return true;
  }

  /** Aborts a stream that this end opened, and that nobody here knows any more. */
  disown(stream_id: string, error: Payload): void {
    if (stream_id !== SESSION_STREAM && isOwnStream(stream_id)) this.#reset(stream_id, error);
  }

  /** Something came that is no frame. `stream_id`: for which stream, where that could be read. */
  refuse(carrier: Carrier, error: Payload, stream_id: string | undefined): void {
    if (!this.#carrier.holds(carrier)) return;
    if (stream_id !== undefined) this.#safely(() => this.#peer?.onUnreadable(stream_id));
    this.abort(error);
  }

  abort(error: Payload): void {
    this.#handle({ type: 'reset', stream_id: SESSION_STREAM, error });
  }

  /** Throws `FrameError`, and nothing has happened, for a message that cannot be carried. */
  #handle(input: SessionInput): void {
    if (this.#is_suspended) return;
    let effects: readonly SessionEffect[];
    try {
      effects = this.#session.handle(input, this.#ports.clock.mono_ms());
    } catch (thrown) {
      if (input.type === 'send' && isFrameError(thrown)) throw thrown;
      this.#broken(thrown);
      return;
    }
    this.#push(effects);
  }

  /** Another router has the session: nothing of it is told here any more, and what is worked on is given up. */
  release(): void {
    this.#leave('superseded');
  }

  /** A fault of the router: this session ends, and no other notices. */
  #broken(thrown: unknown): void {
    this.#leave('failed', this.#ports.errorOf(thrown));
  }

  #leave(end: CloseName, error?: Payload): void {
    if (this.#is_suspended) return;
    this.suspend(end);
    this.#effects.clear();
    this.#safely(() => this.#peer?.onEffect({ type: 'closed', ...(error && { error }) }));
    this.#safely(() => this.#tasks.closeAll());
    this.#ports.onClosed(error);
  }

  /** What is behind the session may be what has failed: the rest of its end comes all the same. */
  #safely(run: () => unknown): void {
    try {
      run();
    } catch (thrown) {
      this.#ports.errorOf(thrown);
    }
  }

  #push(effects: readonly SessionEffect[]): void {
    if (!this.#effects.push(effects)) return;
    if (!this.#is_suspended) this.#timer.arm(this.#session.deadline_ms);
  }

  #do(effect: SessionEffect): void {
    this.#ports.observer.effect(effect);
    this.#act(effect);
    // Whatever followed from it has been asked for: it need not be reported again.
    if (effect.type === 'failed' && effect.way === 'in') this.#handle({ type: 'consumed', id: effect.id });
  }

  #act(effect: SessionEffect): void {
    if (this.#peer?.onEffect(effect) === true) return;
    switch (effect.type) {
      case 'send':
        if (!this.#carrier.is_there) break;
        this.#ports.observer.frame('out', effect.frame);
        this.#carrier.send(effect.frame, this.#encoding);
        break;
      case 'established':
        this.#encoding = effect.agreed.encoding;
        this.#was_open = true;
        if (!effect.resumed) this.#ports.onOpened();
        break;
      case 'peer_window':
        this.#ports.observer.window('in', this.#peer_window, effect.window);
        this.#peer_window = effect.window;
        break;
      case 'peer_crowded':
        this.#ports.onCrowded();
        break;
      case 'save':
        this.#save(effect);
        break;
      case 'deliver':
        this.#tasks.deliver(effect);
        break;
      case 'acknowledged':
        this.#tasks.acknowledged(effect);
        if (this.#session.unsettled === 0) this.#ports.onAnswered();
        break;
      case 'failed':
        if (effect.way === 'in' && isOpening(effect.id)) this.#reset(effect.id.lane.stream_id, noTask(effect.reason));
        break;
      case 'writable':
        this.#tasks.onRoom(effect.lane.stream_id);
        break;
      case 'stream_closed':
        this.#tasks.onClosed(effect.stream_id);
        break;
      case 'unauthentic':
        this.#ports.onDenied({ reason: effect.fault, skew_ms: effect.skew_ms }, this.#carrier.remote_address ?? '');
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'closed':
        this.#close(effect.error);
        break;
      default:
    }
  }

  /** What could not be kept is not acknowledged, and nothing that follows can be: the session ends. */
  #save({ mark, changes }: Extract<SessionEffect, { type: 'save' }>): void {
    this.#ports.keeper?.save(changes, (failure) => {
      if (failure === undefined) this.#handle({ type: 'saved', mark });
      else this.#unkept(failure);
    });
  }

  #unkept(failure: AtpError): void {
    const { end, error } = unkept(failure);
    this.#end = end;
    // In its handshake a session can say nothing yet.
    if (!this.#was_open) this.#carrier.send(refusalFrame(this.#ports.session_id, error), 'json');
    this.abort(error);
  }

  #reset(stream_id: string, error: Payload): void {
    this.#handle({ type: 'reset', stream_id, error });
  }

  #disconnect(): void {
    if (!this.#carrier.close(this.#reason())) return;
    this.#connected(false);
    this.#handle({ type: 'disconnected' });
  }

  #connected(is_connected: boolean): void {
    if (!is_connected) this.#ports.onAnswered();
    this.#ports.keeper?.connected(is_connected);
    this.#peer?.onConnection(is_connected);
  }

  /** Why the session is done with its connection (T14). */
  #reason(): CloseName {
    if (this.#session.phase !== 'closed') return 'silent';
    return this.#end ?? (this.#was_open ? 'done' : 'refused');
  }

  #close(error: Payload | undefined): void {
    this.#tasks.closeAll();
    this.#carrier.close(this.#end ?? 'done');
    this.#ports.onClosed(error);
  }
}
