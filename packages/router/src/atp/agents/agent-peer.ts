import {
  isMainLane,
  mainLane,
  type Outgoing,
  SESSION_LANE,
  SESSION_STREAM,
  type SessionEffect,
} from '@atp-router/session';
import {
  type AdapterCapabilityContent,
  type AdapterHealthContent,
  type AgentStatus,
  errorPayload,
  type MessageId,
  type Payload,
  type Window,
} from '@atp-router/wire';
import { LaneWriter } from '../lane-writer.ts';
import { isOwnStream, type SessionDriver, type SessionPeer } from '../session-peer.ts';

/** Who reads what an agent says on one stream. */
export interface StreamReader {
  /** To be consumed when it has been dealt with: what is not holds the agent back. */
  onMessage(id: MessageId, payload: Payload | undefined, fin: boolean): void;
  /** A message of either end did not arrive. `too_large`: one of the agent's, because it is more than a message may be. */
  onLost(too_large: boolean): void;
  /** Nothing follows. `is_refused`: the session has aborted it, for a message of the agent that breaks a rule. */
  onClosed(error: Payload | undefined, is_refused: boolean): void;
  onConnection(is_connected: boolean): void;
  /** A message of the agent could not be read. */
  onUnreadable(): void;
}

/** A stream that the router opened to an agent. */
export interface AgentStream {
  send(message: Outgoing, fin: boolean): void;
  consumed(id: MessageId): void;
  reset(error: Payload): void;
}

/** What an agent said last of whether it takes work, and how much. */
export interface SaidStatus {
  readonly status: AgentStatus;
  readonly suggested_window?: Window;
}

/** What an agent says of itself, beside its work. */
export interface PeerEvents {
  /** Returns the answer. */
  onCapability(content: AdapterCapabilityContent): Payload;
  onHealth(content: AdapterHealthContent): void;
  /** `said` of the peer has changed. */
  onStatus(): void;
  /** The number of streams that it takes may have changed. */
  onRoom(): void;
  /** Its frames say that what it is sent crowds its way (ECN). */
  onCrowded(): void;
  onConnection(is_connected: boolean): void;
  /** A message on a stream of work could not be read, and the session is about to end for it. */
  onUnreadable(): void;
  onClosed(): void;
}

/** The agent behind one session, if there is one: what it says on stream 0, and the streams that the router opened to it. */
export class AgentPeer implements SessionPeer {
  readonly #driver: SessionDriver;
  readonly #events: PeerEvents;
  readonly #streams: Map<string, { readonly reader: StreamReader; readonly writer: LaneWriter }> = new Map();
  #is_connected = false;
  #said: SaidStatus | undefined;

  constructor(driver: SessionDriver, events: PeerEvents) {
    this.#driver = driver;
    this.#events = events;
  }

  /** Its last status on this session. */
  get said(): SaidStatus | undefined {
    return this.#said;
  }

  get is_connected(): boolean {
    return this.#is_connected;
  }

  /**
   * Whether the session takes another stream: its window, and what the agent said of itself (S25). `beyond`: what it suggests
   * does not bind.
   */
  takes(beyond: boolean): boolean {
    return this.#driver.refusal(mainLane(this.#driver.nextStream()), beyond) === undefined;
  }

  /** Streams that the session takes now. */
  room(beyond: boolean): number {
    return this.#driver.room(beyond);
  }

  /** The same with those that are open. */
  width(beyond: boolean): number {
    return this.#streams.size + this.#driver.room(beyond);
  }

  /** Undefined when the session takes no further stream. Throws `FrameError` for a message that cannot be carried. */
  open(message: Outgoing, reader: StreamReader, beyond: boolean): AgentStream | undefined {
    if (!this.takes(beyond)) return undefined;
    const stream_id = this.#driver.nextStream();
    const lane = mainLane(stream_id);
    const writer = new LaneWriter({
      refusal: () => this.#driver.refusal(lane, beyond),
      send: (next, fin) => this.#driver.handle({ type: 'send', lane, message: next, fin, beyond }),
      reset: (error) => this.#driver.handle({ type: 'reset', stream_id, error }),
    });
    this.#streams.set(stream_id, { reader, writer });
    try {
      writer.send(message, false);
    } catch (thrown) {
      this.#streams.delete(stream_id);
      throw thrown;
    }
    return {
      send: (next, fin) => void writer.send(next, fin),
      consumed: (id) => this.#driver.handle({ type: 'consumed', id }),
      reset: (error) => {
        this.#streams.delete(stream_id);
        writer.reset(error);
      },
    };
  }

  onEffect(effect: SessionEffect): boolean {
    switch (effect.type) {
      case 'deliver':
        return this.#deliver(effect);
      case 'failed':
        return this.#failed(effect);
      case 'writable':
        this.#streams.get(effect.lane.stream_id)?.writer.onRoom();
        return false;
      case 'stream_closed':
        return this.#closed(effect);
      case 'peer_status':
        this.#said = effect;
        this.#events.onStatus();
        return true;
      case 'peer_window':
      case 'established':
        this.#events.onRoom();
        return false;
      case 'peer_crowded':
        this.#events.onCrowded();
        return false;
      case 'closed':
        this.#over(effect.error);
        return false;
      default:
        return false;
    }
  }

  onConnection(is_connected: boolean): void {
    this.#is_connected = is_connected;
    this.#events.onConnection(is_connected);
    for (const { reader } of [...this.#streams.values()]) reader.onConnection(is_connected);
  }

  onUnreadable(stream_id: string): void {
    const reader = this.#streams.get(stream_id)?.reader;
    if (reader === undefined) return;
    reader.onUnreadable();
    this.#events.onUnreadable();
  }

  #deliver({ id, frame, fin }: Extract<SessionEffect, { type: 'deliver' }>): boolean {
    const { stream_id } = id.lane;
    if (!isOwnStream(stream_id)) return false;
    const reader = this.#streams.get(stream_id)?.reader;
    if (reader !== undefined && isMainLane(id.lane)) reader.onMessage(id, frame.payload, fin);
    else {
      if (stream_id === SESSION_STREAM && frame.payload !== undefined) this.#told(frame.payload);
      this.#driver.handle({ type: 'consumed', id });
    }
    return true;
  }

  #told({ type, content }: Payload): void {
    if (type === 'adapter.health') this.#events.onHealth(content as AdapterHealthContent);
    if (type !== 'adapter.capability') return;
    const payload = this.#events.onCapability(content as AdapterCapabilityContent);
    this.#driver.handle({ type: 'send', lane: SESSION_LANE, message: { payload } });
  }

  #failed({ id, reason }: Extract<SessionEffect, { type: 'failed' }>): boolean {
    if (!isOwnStream(id.lane.stream_id)) return false;
    // Of an abort, the end of the stream tells more.
    if (reason === 'expired' || reason === 'corrupt' || reason === 'too_large') {
      this.#streams.get(id.lane.stream_id)?.reader.onLost(reason === 'too_large');
    }
    return id.lane.stream_id !== SESSION_STREAM;
  }

  #closed({ stream_id, error, refused }: Extract<SessionEffect, { type: 'stream_closed' }>): boolean {
    const stream = this.#streams.get(stream_id);
    this.#streams.delete(stream_id);
    stream?.reader.onClosed(error, refused === true);
    this.#events.onRoom();
    return isOwnStream(stream_id);
  }

  #over(error: Payload | undefined): void {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#events.onClosed();
    // Its own end is none of the work: an error of the session is not the agent's answer.
    for (const { reader } of streams) reader.onClosed(error === undefined ? undefined : SESSION_OVER, false);
  }
}

const SESSION_OVER: Payload = errorPayload('EAGENTDOWN', { reason: 'The session of the agent is over.' });
