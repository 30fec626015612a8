import { canonicalJson } from '../../canonical/jcs.ts';
import { DEFAULT_QOS, DEFAULT_TTL, type Frame } from '../../frame.ts';
import { isWireObject, type WireObject, type WireValue } from '../../value.ts';

/** One place at which two frames differ; `left` or `right` is absent where that frame has nothing there. */
export interface Difference {
  /** As `payload.content.acks[0].missing`; a name that is no word stands in quotes. */
  readonly path: string;
  readonly left?: WireValue;
  readonly right?: WireValue;
}

/** Enough to see what is wrong; two frames of 65,536 items could differ in all of them. */
export const DIFFERENCES_MAX = 1_000;

/** What absent members of a frame mean (W4): writing them out changes bytes, and not the meaning. */
const DEFAULTS: WireObject = { frag_seq: 0, flags: [], qos: DEFAULT_QOS, ttl: DEFAULT_TTL };

/**
 * Where two frames differ in meaning: not in encoding, order of members, or defaults that are written out. At most
 * `DIFFERENCES_MAX`, in the order of the left frame's members and then of the right one's.
 */
export function diffFrames(left: Frame, right: Frame): readonly Difference[] {
  const found: Difference[] = [];
  diffObjects(withDefaults(left), withDefaults(right), '', found);
  return found;
}

function withDefaults(frame: Frame): WireObject {
  return { ...DEFAULTS, ...(frame as unknown as WireObject) };
}

function diffValues(left: WireValue, right: WireValue, path: string, found: Difference[]): void {
  if (found.length >= DIFFERENCES_MAX) return;
  if (Array.isArray(left) && Array.isArray(right)) diffLists(left, right, path, found);
  else if (isWireObject(left) && isWireObject(right)) diffObjects(left, right, path, found);
  else if (canonicalJson(left) !== canonicalJson(right)) found.push({ path, left, right });
}

function diffLists(left: readonly WireValue[], right: readonly WireValue[], path: string, found: Difference[]): void {
  for (let i = 0; i < Math.max(left.length, right.length); i += 1)
    diffMember(left[i], right[i], `${path}[${i}]`, found);
}

function diffObjects(left: WireObject, right: WireObject, path: string, found: Difference[]): void {
  for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const at = pathOf(path, name);
    diffMember(own(left, name), own(right, name), at, found);
  }
}

function diffMember(
  left: WireValue | undefined,
  right: WireValue | undefined,
  path: string,
  found: Difference[],
): void {
  if (found.length >= DIFFERENCES_MAX) return;
  if (left !== undefined && right !== undefined) diffValues(left, right, path, found);
  else if (left !== undefined) found.push({ path, left });
  else if (right !== undefined) found.push({ path, right });
}

function own(object: WireObject, name: string): WireValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function pathOf(path: string, name: string): string {
  const shown = /^[A-Za-z0-9_.-]+$/.test(name) ? name : JSON.stringify(name);
  return path === '' ? shown : `${path}.${shown}`;
}
