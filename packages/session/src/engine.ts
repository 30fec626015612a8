import { type Acknowledgement, errorPayload, type Payload, type Window } from '@atp-router/wire';
import type { FailureReason } from './contract.ts';
import { Core, type Violation } from './core.ts';
import { lingerStored, SessionStore } from './durable/stored.ts';
import { ClientLink } from './handshake/client.ts';
import type { Link } from './handshake/link.ts';
import { ServerLink } from './handshake/server.ts';
import type { SessionOptions } from './options.ts';
import { OwnWindow } from './own-window.ts';
import { Quiet } from './quiet.ts';
import { HandOn } from './receive/hand-on.ts';
import { Receiver } from './receive/receiver.ts';
import { OwnStatus } from './send/own-status.ts';
import { Sender } from './send/sender.ts';
import { agentWindow } from './status.ts';
import { SESSION_LANE, SESSION_STREAM } from './streams/numbers.ts';
import { Resets } from './streams/resets.ts';
import type { Stream } from './streams/stream.ts';
import { Streams } from './streams/streams.ts';

/** The parts of a session, and what concerns several of them: connection, end of streams, end of the session. */
export class Engine {
  readonly core: Core;
  readonly streams: Streams;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly resets: Resets;
  readonly quiet: Quiet;
  readonly windows: OwnWindow;
  readonly store: SessionStore;
  readonly status: OwnStatus;
  readonly link: Link;
  readonly server: ServerLink | undefined;
  /** This end opens no stream any more, and ends the session when all are closed. */
  finishing = false;
  status_t: number = Number.NEGATIVE_INFINITY;
  readonly #closing: Set<Stream> = new Set();
  #offset_ms = 0;
  #linger_t = Number.POSITIVE_INFINITY;

  constructor(options: SessionOptions) {
    this.core = new Core(options);
    this.streams = new Streams(this.core);
    this.resets = new Resets(this.core, () => this.sender.rtt);
    this.store = new SessionStore(this.core);
    const closing = (stream: Stream): void => void this.#closing.add(stream);
    const statusFailed = (msg_seq: number): void => this.status.failed(msg_seq);
    this.sender = new Sender(this.core, this.streams, { closing, statusFailed });
    this.status = new OwnStatus(this.core, this.streams, this.sender, this.store);
    this.store.status = this.status;
    const handOn = new HandOn(this.core, {
      last: (stream) => {
        stream.in_ended = true;
        this.core.journal.touch(stream);
      },
      ended: (stream) => {
        stream.in_done = true;
        this.#closing.add(stream);
      },
      status: ({ status, suggested_window }) => {
        this.store.peer_status = { status, ...(suggested_window && { suggested_window }) };
        this.status_t = this.core.t;
        this.core.journal.touch(this.store);
        this.core.emit({ type: 'peer_status', ...this.store.peer_status });
      },
    });
    this.receiver = new Receiver(this.core, this.streams, handOn, {
      noRoom: () => this.windows.noRoom(),
      violated: (stream, violation) => this.violated(stream, violation),
    });
    this.windows = new OwnWindow(this.core, () => this.receiver.acks.some(this.streams.lanesIn()));
    this.quiet = new Quiet(this.core, {
      heartbeat: () => this.#heartbeat(),
      silent: () => {
        this.core.emit({ type: 'disconnect' });
        this.disconnected();
      },
      isBusy: () => this.streams.open.size > 1 || this.sender.unsettled > 0,
      idle: () => {
        this.finishing = true;
      },
    });
    const to = {
      up: (resumed: boolean, acks: readonly Acknowledgement[]): void => this.#up(resumed, acks),
      acks: () => this.receiver.acks.first(this.streams.lanesIn()),
      close: (error: Payload | undefined, reason: FailureReason): void => this.close(error, reason),
    };
    this.server = options.role === 'server' ? new ServerLink(this.core, this.store, to) : undefined;
    if (this.server !== undefined) this.link = this.server;
    else {
      const client = new ClientLink(this.core, this.store, to);
      this.store.numbered = () => client.numbered();
      this.link = client;
    }
  }

  /** Brings session time up to date: it stands still without a connection. */
  at(now_ms: number): void {
    const { core } = this;
    core.now_ms = now_ms;
    if (core.is_up) core.t = Math.max(core.t, now_ms - this.#offset_ms);
  }

  get deadline_ms(): number | undefined {
    const { link, core } = this;
    if (link.is_over) return undefined;
    const deadline_ms = link.phase === 'open' ? core.wake_t + this.#offset_ms : link.deadline_ms;
    return Number.isFinite(deadline_ms) ? deadline_ms : undefined;
  }

  /** Streams that the other end may have open. */
  get peer_streams(): number {
    const { core } = this;
    if (this.finishing) return 0;
    return Math.min(core.own_window.max_parallel ?? core.limits.streams, core.limits.streams);
  }

  /**
   * Streams that this end may have open: by the window, and by what an agent says of itself (S25). `beyond`: also more than it
   * suggests.
   */
  ownStreams(beyond: boolean): number {
    const { core, store } = this;
    const age_ms = core.t - this.status_t;
    const window = agentWindow(core.peer_window, store.peer_status, age_ms, core.limits.pause_grace_ms, beyond);
    return Math.min(window.max_parallel ?? core.limits.streams, core.limits.streams);
  }

  timeout(): void {
    const { core } = this;
    if (!core.is_up) {
      this.link.timeout();
      return;
    }
    // Times are sums of fractions: what is due now may seem to be a little ahead.
    if (core.wake_t - core.t < 0.01) core.t = Math.max(core.t, core.wake_t);
    core.wake_t = Number.POSITIVE_INFINITY;
    this.sender.timeout();
    this.receiver.gaps.timeout();
    // What was there already may have broken the protocol.
    if (this.link.is_over) return;
    this.resets.timeout();
    this.quiet.timeout();
    if (core.t >= this.#linger_t) this.#over();
    else core.wake(this.#linger_t);
  }

  /** At the end of every input: what several parts left to be done. */
  after(): void {
    if (this.link.is_over) return;
    for (const stream of this.#closing) this.#close(stream);
    this.#closing.clear();
    this.status.say();
    this.#end();
    this.sender.pump();
    if (!this.core.is_up) return;
    this.receiver.acks.flush();
    this.windows.tell();
  }

  disconnected(): void {
    const { zero } = this.streams;
    const { sender } = this;
    const oldest = zero.main_out?.oldest;
    const fin_only = sender.unsettled === 0 || (sender.unsettled === 1 && oldest?.internal === true && oldest.fin);
    this.link.disconnected();
    // Both have said that they are done, and nothing but that may be unheard.
    if (zero.ended && zero.in_done && fin_only && !this.core.journal.waits) this.close(undefined, 'in_doubt');
  }

  #up(resumed: boolean, acks: readonly Acknowledgement[]): void {
    const { core } = this;
    const { agreed } = core;
    if (agreed === undefined) return;
    core.is_up = true;
    core.wake_t = Number.POSITIVE_INFINITY;
    this.#offset_ms = core.now_ms - core.t;
    core.emit({ type: 'established', resumed, agreed });
    this.quiet.restart();
    if (!resumed) this.quiet.active();
    this.windows.connected(resumed);
    this.sender.restart();
    for (const ack of acks) this.sender.acknowledged(ack);
    this.resets.restart();
    this.receiver.acks.restart(this.streams.lanesIn());
  }

  #heartbeat(): void {
    this.windows.beat(['HB', 'CTRL']);
    this.quiet.beat();
  }

  window(window: Window): void {
    this.windows.set(window);
    this.core.journal.touch(this.store);
  }

  /** Closes a stream in order, if it is done (S28). */
  #close(stream: Stream): void {
    const { streams, core } = this;
    if (stream === streams.zero || stream.is_over) return;
    if (!stream.ended || !stream.out_done || stream.unsettled > 0 || !stream.in_done) return;
    for (const lane of stream.lanesIn()) this.receiver.acks.close(lane);
    this.receiver.abandon(stream);
    this.#remove(stream);
    lingerStored(core, streams, stream);
    core.emit({ type: 'stream_closed', stream_id: stream.id });
  }

  #remove(stream: Stream): void {
    this.streams.remove(stream);
    stream.is_over = true;
    this.quiet.active();
  }

  /** Refuses what came of a stream: it is aborted, or the session is. */
  violated(stream: Stream, { payload, whole_session }: Violation): void {
    if (whole_session || stream === this.streams.zero) {
      this.abortSession(payload);
      return;
    }
    // What came before it was in order, and is handed on first, as without a store.
    this.core.journal.whenSaved(() => {
      if (!stream.is_over) this.abort(stream, payload, true, true);
    });
  }

  /** Aborts a stream in both directions (S29). `tell`: the other end does not know yet. */
  abort(stream: Stream, error: Payload | undefined, tell: boolean, refused = false): void {
    const { core } = this;
    if (tell && !this.tellReset(stream.id, error ?? errorPayload('EPROTO'))) return;
    this.sender.abandon(stream, 'reset');
    this.receiver.abandon(stream);
    core.journal.forget(stream.id);
    this.#remove(stream);
    core.journal.change({ drop: 'stream', stream_id: stream.id });
    const why = { ...(error && { error }), ...(refused && { refused }) };
    core.emit({ type: 'stream_closed', stream_id: stream.id, ...why });
  }

  /** Remembers the abort of a stream. False: there were too many that nobody confirmed, and the session is over. */
  tellReset(stream_id: string, error: Payload): boolean {
    if (this.resets.add(stream_id, error)) return true;
    this.abortSession(errorPayload('EWINDOW', { reason: 'Too many aborted streams were not confirmed.' }));
    return false;
  }

  /** Aborts the session; the other end is told once, if it can be. */
  abortSession(error: Payload): void {
    if (this.link.is_over) return;
    if (this.core.is_up) this.core.control(SESSION_STREAM, ['RST', 'CTRL'], error);
    this.close(error, 'reset');
    this.core.emit({ type: 'disconnect' });
  }

  /** `FIN` when all streams are closed; and the end, when both have said it. */
  #end(): void {
    const { zero } = this.streams;
    const { core } = this;
    if (core.agreed === undefined) return;
    if (zero.in_done) this.finishing = true;
    const may_end = this.finishing && !zero.ended && this.streams.are_closed && !this.status.waits;
    if (may_end) this.sender.add(zero, SESSION_LANE, {}, true, true);
    if (!zero.ended || !zero.in_done || zero.unsettled > 0 || core.journal.waits) return;
    if (core.options.role === 'client') this.#over();
    else if (!Number.isFinite(this.#linger_t)) {
      // The client may not know that its FIN has come.
      this.#linger_t = core.t + core.limits.linger_ms;
      core.wake(this.#linger_t);
    }
  }

  #over(): void {
    this.receiver.acks.hurry();
    this.receiver.acks.flush();
    this.close(undefined, 'in_doubt');
    this.core.emit({ type: 'disconnect' });
  }

  /** Nothing follows. What is not settled has failed. */
  close(error: Payload | undefined, reason: FailureReason): void {
    if (this.link.is_over) return;
    const { core } = this;
    for (const stream of this.streams.open.values()) {
      this.sender.abandon(stream, reason);
      this.receiver.abandon(stream);
      stream.is_over = true;
    }
    this.streams.clear();
    this.resets.clear();
    this.link.phase = 'closed';
    core.is_up = false;
    core.journal.clear();
    core.journal.change({ drop: 'session' });
    const save = core.journal.flush();
    if (save !== undefined) core.emit(save);
    core.ending = { type: 'closed', ...(error && { error }) };
  }
}
