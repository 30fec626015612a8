import type { Frame, Lane } from '@atp-router/wire';
import type { SessionEffect, SessionInput, SessionSnapshot } from './contract.ts';
import { KEYLESS, type SessionCounts } from './core.ts';
import { laneValue } from './durable/stored.ts';
import { restoreEngine } from './durable/restore.ts';
import { Engine } from './engine.ts';
import { Incoming } from './incoming.ts';
import type { SessionOptions } from './options.ts';
import { isOwnStatus } from './send/own-status.ts';
import { SESSION_STREAM } from './streams/numbers.ts';
import { countHeld, type SessionHeld, type SessionView, viewOf } from './view.ts';

type SendInput = Extract<SessionInput, { type: 'send' }>;

/**
 * One session of the Agent Transport Protocol, at one of its ends. Inputs in, effects out in the order in which they are to
 * be done; no clock, no socket, no randomness of its own. `docs/protocol/atp-sessions.md` says what it does.
 *
 * Invariants, tested on histories of loss, repetition, reordering, drops and restarts: each message is handed on once and in
 * the order of its lane, or both ends are told that it has failed; nothing is acknowledged that a crash would undo; every
 * buffer has a limit.
 */
export class Session {
  readonly #engine: Engine;
  readonly #incoming: Incoming;

  constructor(options: SessionOptions) {
    this.#engine = new Engine(options);
    this.#incoming = new Incoming(this.#engine);
  }

  /** From what a predecessor kept. Its first effects, deliveries among them, come with the first input, or from `take`. */
  static restore(options: SessionOptions, snapshot: SessionSnapshot, now_ms: number): Session {
    const session = new Session(options);
    session.#engine.at(now_ms);
    restoreEngine(session.#engine, snapshot);
    return session;
  }

  /** Monotone time at which the session wants a `timeout`; it may have nothing to do then. */
  get deadline_ms(): number | undefined {
    return this.#engine.deadline_ms;
  }

  /** Id of the stream that the next `send` on it opens. */
  get next_stream_id(): string {
    return String(this.#engine.streams.own.next);
  }

  get counts(): Readonly<SessionCounts> {
    return this.#engine.core.counts;
  }

  get phase(): Engine['link']['phase'] {
    return this.#engine.link.phase;
  }

  view(): SessionView {
    return viewOf(this.#engine);
  }

  /** Messages of this end of which it is not known yet what became of them. */
  get unsettled(): number {
    return this.#engine.sender.unsettled;
  }

  /** What the session keeps, for whoever watches its limits. */
  held(): SessionHeld {
    return countHeld(this.#engine, this.#incoming.nonces);
  }

  /**
   * Whether the first frame of another connection is from the client of this session, which then is to take it over (S34).
   * Changes nothing. `wall_ms` is there for signatures, which `handle` judges.
   */
  admits(frame: Frame): boolean {
    return this.#engine.server?.admits(frame) ?? false;
  }

  /** Number of the next message of a lane of this end. */
  nextSeq(lane: Lane): number {
    return this.#engine.streams.findOut(lane)?.next_seq ?? 0;
  }

  /**
   * Streams that this end may open now, beside those that it has open: by the window, and by what an agent says (S25). `beyond`:
   * also more than the agent suggests.
   */
  room(now_ms: number, beyond: boolean = false): number {
    const engine = this.#engine;
    engine.at(now_ms);
    if (engine.link.is_over || engine.finishing || engine.core.agreed === undefined) return 0;
    return Math.max(0, engine.ownStreams(beyond) - engine.streams.own_open);
  }

  /** Why a message would be refused now; nothing when it would be taken. `beyond`: see `room`. */
  refusal(lane: Lane, now_ms: number, beyond: boolean = false): 'full' | 'window' | 'closed' | undefined {
    this.#engine.at(now_ms);
    return this.#refusal(lane, beyond);
  }

  #refusal(lane: Lane, beyond: boolean): 'full' | 'window' | 'closed' | undefined {
    const { core, link, streams, sender, finishing } = this.#engine;
    if (link.is_over) return 'closed';
    if (core.agreed === undefined) return 'full';
    const stream = streams.open.get(lane.stream_id);
    if (stream === undefined) {
      if (finishing || lane.stream_id !== this.next_stream_id) return 'closed';
      if (lane.persona_id !== '' || lane.clone_id !== '') return 'closed';
      if (streams.own_open >= this.#engine.ownStreams(beyond)) return 'window';
    } else if (stream.ended) return 'closed';
    const found = streams.findOut(lane);
    if (found === undefined && (stream?.outs?.size ?? 0) >= core.limits.lanes) return 'full';
    return sender.hasRoom(found) ? undefined : 'full';
  }

  /** Throws `FrameError`, and does nothing, for a message that cannot be carried. */
  handle(input: SessionInput, now_ms: number): readonly SessionEffect[] {
    const engine = this.#engine;
    if (engine.link.is_over) return [];
    engine.at(now_ms);
    this.#input(input);
    return this.take();
  }

  /** What is to be done and was not returned yet. */
  take(): readonly SessionEffect[] {
    const engine = this.#engine;
    const { core } = engine;
    engine.after();
    if (core.is_keyless) engine.abortSession(KEYLESS);
    if (engine.sender.refused.size > 0) this.#tellWritable();
    if (!engine.link.is_over) {
      if (core.agreed !== undefined && engine.store.numbers_low) core.journal.touch(engine.store);
      const save = core.journal.flush();
      if (save !== undefined) core.emit(save);
    }
    return core.take();
  }

  #input(input: SessionInput): void {
    const engine = this.#engine;
    const { core } = engine;
    switch (input.type) {
      case 'frame':
        this.#incoming.frame(input.frame, input.bytes, input.wall_ms);
        break;
      case 'send':
        this.#send(input);
        break;
      case 'consumed':
        engine.receiver.consumed(input.id);
        break;
      case 'timeout':
        engine.timeout();
        break;
      case 'connected':
        if (input.wall_ms !== undefined) core.wall_offset_ms = input.wall_ms - core.now_ms;
        if (engine.link.phase === 'open') engine.disconnected();
        if (!engine.link.is_over) engine.link.connected();
        break;
      case 'disconnected':
        engine.disconnected();
        break;
      case 'saved':
        core.journal.saved(input.mark);
        break;
      case 'reset':
        this.#reset(input);
        break;
      case 'window':
        engine.window(input.window);
        break;
      case 'status': {
        const { status, suggested_window } = input;
        const content = { status, ...(suggested_window && { suggested_window }) };
        engine.status.set({ payload: { type: 'control.status', content } });
        engine.quiet.active();
        break;
      }
      case 'crowded':
        core.crowded = input.crowded;
        break;
      case 'finish':
        engine.finishing = true;
        break;
    }
  }

  #send({ lane, message, fin = false, beyond = false }: SendInput): void {
    const { core, sender, streams, status, quiet } = this.#engine;
    const why = lane.stream_id === SESSION_STREAM && fin ? 'closed' : this.#refusal(lane, beyond);
    if (isOwnStatus(lane.stream_id, message) && why !== 'closed') {
      status.set(message);
      quiet.active();
      return;
    }
    if (why !== undefined) {
      core.emit({ type: 'refused', lane, why });
      if (why !== 'closed') sender.refuse(lane, beyond);
      return;
    }
    quiet.active();
    const known = streams.open.get(lane.stream_id);
    const stream = known ?? streams.openNext();
    try {
      sender.add(stream, lane, message, fin, false);
    } catch (error) {
      // It cannot be carried, and nothing has happened.
      if (known === undefined) streams.unopen(stream);
      throw error;
    }
    if (known === undefined) streams.opened(stream);
  }

  #tellWritable(): void {
    const { core, sender } = this.#engine;
    for (const [key, { lane, beyond }] of sender.refused) {
      const why = this.#refusal(lane, beyond);
      if (why === 'full' || why === 'window') continue;
      sender.refused.delete(key);
      if (why === undefined) core.emit({ type: 'writable', lane });
    }
  }

  #reset({ stream_id, error }: Extract<SessionInput, { type: 'reset' }>): void {
    const engine = this.#engine;
    if (stream_id === SESSION_STREAM) {
      engine.abortSession(error);
      return;
    }
    const stream = engine.streams.open.get(stream_id);
    if (stream !== undefined) engine.abort(stream, error, true);
  }

  /** What a successor starts from. Without `durable` that is only what is not delivered. */
  snapshot(): SessionSnapshot {
    const { core, streams, store, receiver, resets } = this.#engine;
    const lanes = [...streams.open.values()].flatMap((stream) => {
      const both = new Map([...stream.lanesIn(), ...stream.lanesOut()].map(({ key, lane }) => [key, lane]));
      return [...both.values()].map((lane) => laneValue(core, stream, lane));
    });
    const outbox = [...streams.lanesOut()].flatMap((lane) =>
      [...lane.unsettled()].map(({ msg_seq, message, fin }) => ({ id: lane.id(msg_seq), message, fin })),
    );
    const lingering = [...streams.lingering.values()];
    for (const { stream, lane } of lingering) lanes.push(laneValue(core, stream, lane));
    return {
      session: store.value(),
      numbers: streams.numbers,
      unseen: streams.peer.ranges,
      streams: [...streams.open.values(), ...lingering.map(({ stream }) => stream)].map(({ value }) => value),
      resets: resets.values(),
      lanes,
      inbox: [...core.journal.inbox()],
      outbox,
      pieces: receiver.pieces(),
    };
  }
}
