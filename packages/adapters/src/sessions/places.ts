import type { SessionSnapshot, StoredChange } from '@atp-router/session';
import { laneKey, laneOf, type MessageId } from '@atp-router/wire';

type Put = Extract<StoredChange, { put: string }>;

/** Where an item is: its stream, the group in it that may be dropped as one, and its key among all items of the session. */
export interface Place {
  readonly stream_id: string;
  readonly group: string;
  readonly key: string;
}

/** Not a stream: what belongs to the whole session. */
const WHOLE = '-';
/** Of a stream: what stays when the stream is dropped. */
export const INBOX = 'inbox';

export function placeOf(change: Put): Place {
  switch (change.put) {
    case 'session':
    case 'numbers':
      return { stream_id: WHOLE, group: change.put, key: change.put };
    case 'unseen':
      return placeOfUnseen(change.value.from);
    case 'reset':
      return placeOfReset(change.value.stream_id);
    case 'stream': {
      const { stream_id } = change.value;
      return { stream_id, group: 'stream', key: `stream ${stream_id}` };
    }
    case 'lane': {
      const { lane } = change.value;
      return { stream_id: lane.stream_id, group: 'lane', key: `lane ${laneKey(lane)}` };
    }
    case 'inbox':
    case 'outbox':
      return placeOfMessage(change.put, change.id);
    case 'piece': {
      const { msg_seq, frag_seq = 0 } = change.frame;
      const { stream_id, group, key } = placeOfMessage('pieces', { lane: laneOf(change.frame), msg_seq });
      return { stream_id, group, key: `${key} ${frag_seq}` };
    }
  }
}

/** Of `pieces` the group counts, which is all of the message. */
export function placeOfMessage(what: 'inbox' | 'outbox' | 'pieces', { lane, msg_seq }: MessageId): Place {
  const key = `${what} ${msg_seq}/${laneKey(lane)}`;
  return { stream_id: lane.stream_id, group: what === 'pieces' ? key : what, key };
}

/** Not of its stream: it is there when the stream is not any more. */
export function placeOfReset(stream_id: string): Place {
  return { stream_id: WHOLE, group: 'reset', key: `reset ${stream_id}` };
}

export function placeOfUnseen(from: number): Place {
  return { stream_id: WHOLE, group: 'unseen', key: `unseen ${from}` };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] | undefined ? I[] : T[K] };

/** The snapshot that these items make; undefined when what they belong to is not among them. */
export function snapshotOf(items: readonly StoredChange[]): SessionSnapshot | undefined {
  let session: SessionSnapshot['session'] | undefined;
  let numbers: SessionSnapshot['numbers'];
  const lists: Mutable<Omit<SessionSnapshot, 'session' | 'numbers'>> = {
    ...{ unseen: [], streams: [], resets: [], lanes: [] },
    ...{ inbox: [], outbox: [], pieces: [] },
  };
  for (const item of items) {
    if (!('put' in item)) continue;
    switch (item.put) {
      case 'session':
        session = item.value;
        break;
      case 'numbers':
        numbers = item.value;
        break;
      case 'unseen':
        lists.unseen.push(item.value);
        break;
      case 'stream':
        lists.streams.push(item.value);
        break;
      case 'reset':
        lists.resets.push(item.value);
        break;
      case 'lane':
        lists.lanes.push(item.value);
        break;
      case 'inbox':
        lists.inbox.push(
          'failed' in item ? { id: item.id, failed: item.failed } : { id: item.id, frame: item.frame, fin: item.fin },
        );
        break;
      case 'outbox':
        lists.outbox.push({ id: item.id, message: item.message, fin: item.fin });
        break;
      case 'piece':
        lists.pieces.push(item.frame);
        break;
    }
  }
  return session === undefined ? undefined : { session, ...(numbers && { numbers }), ...lists };
}
