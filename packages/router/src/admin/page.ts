import { AtpError } from '@atp-router/kernel';
import type { Query } from './query.ts';

export const PAGE_QUERY: readonly string[] = ['limit', 'cursor'];

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

export interface Page<T> {
  readonly rows: readonly T[];
  /** Hand it in as `cursor` for the next page; null on the last one. */
  readonly next_cursor: string | null;
}

export function pageLimit(query: Query): number {
  return query.int('limit', 1, LIMIT_MAX, LIMIT_DEFAULT);
}

/** One page of a list, in the order of the names. A cursor stays good when entries come and go. */
export function page<T>(query: Query, entries: readonly T[], nameOf: (entry: T) => string): Page<T> {
  const limit = pageLimit(query);
  const cursor = query.text('cursor');
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const sorted = [...entries].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const rest = after === undefined ? sorted : sorted.filter((entry) => nameOf(entry) > after);
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  const more = rest.length > rows.length && last !== undefined;
  return { rows, next_cursor: more ? Buffer.from(nameOf(last)).toString('base64url') : null };
}

function readCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString();
  if (Buffer.from(name).toString('base64url') === cursor) return name;
  throw new AtpError('invalid_request', '"cursor" must be the next_cursor of an earlier answer, unchanged.', {
    param: 'cursor',
  });
}
