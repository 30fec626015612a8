import { laneKey } from '@atp-router/wire';
import type { SessionSnapshot, StoredLane } from '../contract.ts';
import { messageKey } from './store.ts';

type Named = readonly [what: string, value: unknown];

/**
 * What the store of an end has and its session has not, or the other way round, when nothing is on its way to be saved: a
 * successor would be another one than a predecessor that goes on. Undefined when they are the same.
 */
export function storeDifference(stored: SessionSnapshot, session: SessionSnapshot): string | undefined {
  const [kept, had] = [stored, session].map((snapshot) => new Map(thingsOf(snapshot))) as [
    Map<string, string>,
    Map<string, string>,
  ];
  for (const [what, value] of had)
    if (kept.get(what) !== value) return `${what} is ${value}, and kept as ${kept.get(what) ?? 'nothing'}`;
  for (const [what, value] of kept) if (!had.has(what)) return `${what} is kept as ${value}, and is not there`;
  return undefined;
}

function* thingsOf(snapshot: SessionSnapshot): Iterable<readonly [string, string]> {
  for (const [what, value] of namedOf(snapshot)) yield [what, JSON.stringify(value, inOrder)];
}

function* namedOf({ session, numbers, ...lists }: SessionSnapshot): Iterable<Named> {
  yield ['session', session];
  // Those of a session that has opened no stream follow from its side.
  if (numbers !== undefined && numbers.next_stream + numbers.peer_next_stream > 3) yield ['numbers', numbers];
  for (const range of lists.unseen) yield [`unseen ${range.from}`, range];
  for (const stream of lists.streams)
    if (stream.stream_id !== '0' || stream.sent_fin || stream.got_fin) yield [`stream ${stream.stream_id}`, stream];
  for (const reset of lists.resets) yield [`reset ${reset.stream_id}`, reset];
  for (const lane of lists.lanes) if (!isFresh(lane)) yield [`lane ${laneKey(lane.lane)}`, lane];
  for (const arrival of lists.inbox)
    yield [`inbox ${messageKey(arrival.id)}`, 'failed' in arrival ? arrival.failed : arrival.fin];
  for (const { id, fin } of lists.outbox) yield [`outbox ${messageKey(id)}`, fin];
}

/** Nothing has gone through it in either direction: it need not be kept. */
function isFresh({ settled_up_to, next_seq, failed }: StoredLane): boolean {
  return settled_up_to === -1 && next_seq === 0 && failed.length === 0;
}

/** Members by name, wherever they were put. */
function inOrder(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
