import { join } from 'node:path';

/** Where the files of all processes of a data directory are. */
export function observationsDir(shared_dir: string): string {
  return join(shared_dir, 'observations');
}

/** A file of observations. `is_open`: its process still writes to it, or died before it could close it. */
export interface SegmentName {
  readonly node: string;
  /** Time of its beginning, ms since the epoch. */
  readonly from_ms: number;
  readonly n: number;
  readonly is_open: boolean;
}

const NAME = /^([A-Za-z0-9][A-Za-z0-9._-]{0,127})-(\d{13})-(\d{1,9})\.(atpo|open)$/;

export function segmentFile({ node, from_ms, n, is_open }: SegmentName): string {
  return `${node}-${String(from_ms).padStart(13, '0')}-${n}.${is_open ? 'open' : 'atpo'}`;
}

/** Undefined: it is no such file. */
export function parseSegment(file: string): SegmentName | undefined {
  const [, node, from_ms, n, end] = NAME.exec(file) ?? [];
  if (node === undefined) return undefined;
  return { node, from_ms: Number(from_ms), n: Number(n), is_open: end === 'open' };
}

/** The oldest first, then by name. */
export function byAge(a: SegmentName, b: SegmentName): number {
  if (a.from_ms !== b.from_ms) return a.from_ms - b.from_ms;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.n - b.n;
}
