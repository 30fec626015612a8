import { laneKey, type Frame, type Lane, type MessageId } from '@atp-router/wire';
import type {
  Outgoing,
  SessionSnapshot,
  StoredArrival,
  StoredChange,
  StoredLane,
  StoredNumbers,
  StoredRange,
  StoredReset,
  StoredSession,
  StoredStream,
} from '../contract.ts';

/** Where a session's saved changes are, as a store would keep them: each change is put on what is there. */
export class SimStore {
  #session: StoredSession | undefined;
  #numbers: StoredNumbers | undefined;
  readonly #unseen: Map<number, StoredRange> = new Map();
  readonly #streams: Map<string, StoredStream> = new Map();
  readonly #resets: Map<string, StoredReset> = new Map();
  readonly #lanes: Map<string, StoredLane> = new Map();
  readonly #inbox: Map<string, StoredArrival> = new Map();
  readonly #outbox: Map<string, { id: MessageId; message: Outgoing; fin: boolean }> = new Map();
  readonly #pieces: Map<string, { key: string; frame: Frame }> = new Map();

  /** Everything that is kept: 0 once the session is over. */
  get size(): number {
    const whole = (this.#session === undefined ? 0 : 1) + (this.#numbers === undefined ? 0 : 1);
    return whole + this.#lists.reduce((sum, { size }) => sum + size, 0);
  }

  get #lists(): readonly Map<unknown, unknown>[] {
    return [...[this.#unseen, this.#streams, this.#resets, this.#lanes], ...[this.#inbox, this.#outbox, this.#pieces]];
  }

  get session(): StoredSession | undefined {
    return this.#session;
  }

  /** That of the session itself is there as long as the session. */
  stream(stream_id: string): StoredStream | undefined {
    const stream = this.#streams.get(stream_id);
    if (stream !== undefined || stream_id !== '0' || this.#session === undefined) return stream;
    return { stream_id, sent_fin: false, got_fin: false };
  }

  /** Whether a stream that is not kept was there: its number has been given, or used by the other end. */
  wasOpened(stream_id: string, own: boolean): boolean {
    if (this.#session === undefined || this.#numbers === undefined || this.stream(stream_id) !== undefined)
      return false;
    const { next_stream, peer_next_stream } = this.#numbers;
    return Number(stream_id) < (own ? next_stream : peer_next_stream);
  }

  /** Whether a successor takes the stream for closed, of which nobody may have been told. */
  isClosed(stream_id: string, own: boolean): boolean {
    const stream = this.#streams.get(stream_id);
    if (stream === undefined) return this.wasOpened(stream_id, own);
    if (stream_id === '0' || !stream.sent_fin || !stream.got_fin) return false;
    return ![...this.#outbox.values()].some(({ id }) => id.lane.stream_id === stream_id);
  }

  lane(lane: Lane): StoredLane | undefined {
    return this.#lanes.get(laneKey(lane));
  }

  hasIncoming(id: MessageId): boolean {
    return this.#inbox.has(messageKey(id));
  }

  hasOutgoing(id: MessageId): boolean {
    return this.#outbox.has(messageKey(id));
  }

  snapshot(): SessionSnapshot | undefined {
    if (this.#session === undefined) return undefined;
    return {
      session: this.#session,
      ...(this.#numbers && { numbers: this.#numbers }),
      unseen: [...this.#unseen.values()],
      streams: [...this.#streams.values()],
      resets: [...this.#resets.values()],
      lanes: [...this.#lanes.values()],
      inbox: [...this.#inbox.values()],
      outbox: [...this.#outbox.values()],
      pieces: [...this.#pieces.values()].map(({ frame }) => frame),
    };
  }

  apply(changes: readonly StoredChange[]): void {
    for (const change of changes) {
      if ('put' in change) this.#put(change);
      else this.#drop(change);
    }
  }

  #put(change: Extract<StoredChange, { put: string }>): void {
    switch (change.put) {
      case 'session':
        this.#session = change.value;
        break;
      case 'numbers':
        this.#numbers = change.value;
        break;
      case 'unseen':
        this.#unseen.set(change.value.from, change.value);
        break;
      case 'stream':
        this.#streams.set(change.value.stream_id, change.value);
        break;
      case 'reset':
        this.#resets.set(change.value.stream_id, change.value);
        break;
      case 'lane':
        this.#lanes.set(laneKey(change.value.lane), change.value);
        break;
      case 'inbox':
        this.#inbox.set(messageKey(change.id), change);
        break;
      case 'outbox':
        this.#outbox.set(messageKey(change.id), change);
        break;
      case 'piece': {
        const { frame } = change;
        const lane = {
          stream_id: frame.stream_id,
          persona_id: frame.payload?.persona_id ?? '',
          clone_id: frame.payload?.clone_id ?? '',
        };
        const key = messageKey({ lane, msg_seq: frame.msg_seq });
        this.#pieces.set(`${frame.frag_seq ?? 0}/${key}`, { key, frame });
        break;
      }
    }
  }

  #drop(change: Extract<StoredChange, { drop: string }>): void {
    switch (change.drop) {
      case 'inbox':
        this.#inbox.delete(messageKey(change.id));
        break;
      case 'outbox':
        this.#outbox.delete(messageKey(change.id));
        break;
      case 'pieces': {
        const key = messageKey(change.id);
        for (const [at, piece] of this.#pieces) if (piece.key === key) this.#pieces.delete(at);
        break;
      }
      case 'stream':
        this.#dropStream(change.stream_id);
        break;
      case 'reset':
        this.#resets.delete(change.stream_id);
        break;
      case 'unseen':
        this.#unseen.delete(change.from);
        break;
      case 'session':
        this.#session = undefined;
        this.#numbers = undefined;
        for (const list of this.#lists) list.clear();
        break;
    }
  }

  #dropStream(stream_id: string): void {
    this.#streams.delete(stream_id);
    for (const [key, { lane }] of this.#lanes) if (lane.stream_id === stream_id) this.#lanes.delete(key);
    for (const [key, { id }] of this.#outbox) if (id.lane.stream_id === stream_id) this.#outbox.delete(key);
    for (const [key, { frame }] of this.#pieces) if (frame.stream_id === stream_id) this.#pieces.delete(key);
  }
}

export function messageKey({ lane, msg_seq }: MessageId): string {
  return `${msg_seq}/${laneKey(lane)}`;
}
