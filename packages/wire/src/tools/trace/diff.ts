import { type Frame, hasFlag, laneKey, laneOf } from '../../frame.ts';
import { type Difference, DIFFERENCES_MAX, diffFrames } from '../diff/frames.ts';
import { laneText } from './judge-lanes.ts';
import type { Trace, TraceRecord } from './format.ts';

/** One difference between two traces. Lines are those of the files, from 1. */
export type TraceDifference =
  /** A frame that only one of them has. */
  | { readonly type: 'only_left' | 'only_right'; readonly line: number; readonly what: string }
  /** The same frame of a session, with other contents. */
  | {
      readonly type: 'frame';
      readonly left_line: number;
      readonly right_line: number;
      readonly what: string;
      readonly differences: readonly Difference[];
    }
  /** Bytes that are no frame, and other ones. */
  | { readonly type: 'bytes'; readonly left_line: number; readonly right_line: number; readonly what: string }
  /** From here on one end sends what it sends in another order. */
  | { readonly type: 'order'; readonly left_line: number; readonly right_line: number; readonly what: string };

/**
 * Where two traces differ in meaning. Frames are matched by session, direction, lane and number, repetitions in their
 * order; times, connections and encodings are not compared. At most `DIFFERENCES_MAX`.
 */
export function diffTraces(left: Trace, right: Trace): readonly TraceDifference[] {
  const before = keyed(left.records);
  const after = keyed(right.records);
  const found: TraceDifference[] = [];
  for (const [key, record] of before) {
    const other = after.get(key);
    if (other === undefined) found.push({ type: 'only_left', line: record.line, what: textOf(record) });
    else found.push(...differing(record, other));
  }
  for (const [key, record] of after) {
    if (!before.has(key)) found.push({ type: 'only_right', line: record.line, what: textOf(record) });
  }
  return [...found, ...otherOrder(before, after)].slice(0, DIFFERENCES_MAX);
}

/** Every record under what makes it the same in both traces. */
function keyed(records: readonly TraceRecord[]): ReadonlyMap<string, TraceRecord> {
  const by_key = new Map<string, TraceRecord>();
  const times = new Map<string, number>();
  for (const record of records) {
    const base = `${record.entry.dir} ${'frame' in record ? frameKey(record.frame) : 'unreadable'}`;
    const nth = (times.get(base) ?? 0) + 1;
    times.set(base, nth);
    by_key.set(`${base} ${nth}`, record);
  }
  return by_key;
}

function frameKey(frame: Frame): string {
  const where = hasFlag(frame, 'CTRL') ? 'control' : laneKey(laneOf(frame));
  return JSON.stringify([frame.session_id, where, frame.msg_seq, frame.frag_seq ?? 0]);
}

function differing(left: TraceRecord, right: TraceRecord): readonly TraceDifference[] {
  const at = { left_line: left.line, right_line: right.line, what: textOf(left) };
  if ('frame' in left && 'frame' in right) {
    const differences = diffFrames(left.frame, right.frame);
    return differences.length === 0 ? [] : [{ type: 'frame', ...at, differences }];
  }
  return left.entry.hex === right.entry.hex ? [] : [{ type: 'bytes', ...at }];
}

/** The first place, in each direction, where what both have does not come in the same order. */
function otherOrder(
  before: ReadonlyMap<string, TraceRecord>,
  after: ReadonlyMap<string, TraceRecord>,
): readonly TraceDifference[] {
  return (['out', 'in'] as const).flatMap((dir) => {
    const mine = [...before].filter(([key, { entry }]) => entry.dir === dir && after.has(key));
    const yours = [...after].filter(([key, { entry }]) => entry.dir === dir && before.has(key));
    const at = mine.findIndex(([key], i) => yours[i]?.[0] !== key);
    const [left, right] = [mine[at]?.[1], yours[at]?.[1]];
    if (left === undefined || right === undefined) return [];
    return [{ type: 'order', left_line: left.line, right_line: right.line, what: textOf(left) }];
  });
}

/** A frame in a few words: `in: agent.log 3 of stream 1`. */
export function textOf(record: TraceRecord): string {
  const { dir } = record.entry;
  if (!('frame' in record)) return `${dir}: ${record.entry.hex === undefined ? 'no frame' : 'bytes that are no frame'}`;
  const { frame } = record;
  const flags = frame.flags ?? [];
  const words = [...(flags.length > 0 ? [flags.join('|')] : []), ...(frame.payload ? [frame.payload.type] : [])];
  const fragment = frame.frag_seq === undefined ? '' : `/${frame.frag_seq}`;
  return `${dir}: ${words.join(' ') || 'frame'} ${frame.msg_seq}${fragment} of ${laneText(laneOf(frame))}`;
}
