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
      return { stream_id: WHOLE, group: 'session', key: 'session' };
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

/** The snapshot that these items make; undefined when what they belong to is not among them. */
export function snapshotOf(items: readonly StoredChange[]): SessionSnapshot | undefined {
  let session: SessionSnapshot['session'] | undefined;
  const lanes: SessionSnapshot['lanes'][number][] = [];
  const inbox: SessionSnapshot['inbox'][number][] = [];
  const outbox: SessionSnapshot['outbox'][number][] = [];
  const pieces: SessionSnapshot['pieces'][number][] = [];
  for (const item of items) {
    if (!('put' in item)) continue;
    if (item.put === 'session') session = item.value;
    else if (item.put === 'lane') lanes.push(item.value);
    else if (item.put === 'piece') pieces.push(item.frame);
    else if (item.put === 'inbox') inbox.push({ id: item.id, frame: item.frame, fin: item.fin });
    else outbox.push({ id: item.id, message: item.message, fin: item.fin });
  }
  return session === undefined ? undefined : { session, lanes, inbox, outbox, pieces };
}
