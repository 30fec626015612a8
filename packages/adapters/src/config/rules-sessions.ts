import { isServerUrl } from './addresses.ts';
import { fault, type Inventory, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';
import { valueAt } from './shape.ts';

const SERVER_URL = 'redis://user:password@host:port/database, or rediss:// for TLS';
const STORE: readonly string[] = ['sessions', 'store'];
/** What says something of a server only. */
const OF_SERVER: readonly string[] = ['url', 'ca', 'seal_key', 'prefix', 'wait_replicas'];

/** Where sessions are kept: keys of a server that is not used would be believed to be at work. */
export function checkSessionStore(inventory: Inventory): Draft[] {
  const at = (key: string): readonly string[] => [...STORE, key];
  const value = (key: string): unknown => valueAt(inventory.data, at(key));
  const type = value('type') ?? 'sqlite';
  if (type === 'sqlite') {
    return OF_SERVER.filter((key) => value(key) !== undefined).map((key) => {
      const problem = `"${key}" belongs to type valkey only`;
      return fault(inventory, at(key), problem, `no "${key}" here, or type: valkey`, { part: 'key' });
    });
  }
  if (type !== 'valkey') return [];
  const drafts: Draft[] = [];
  const missing = (key: string, expected: string): void => {
    if (value(key) !== undefined) return;
    drafts.push({ ...fault(inventory, at(key), `"${key}" is missing`, expected), kind: 'absent' });
  };
  missing('url', `${SERVER_URL}, as \${ENV}`);
  missing(
    'seal_key',
    'the same 64 hex digits at all routers that share the server (openssl rand -hex 32): without them none could read the sessions of another',
  );
  drafts.push(...checkServer(inventory, STORE));
  if (valueAt(inventory.data, ['sessions', 'keep']) === false) {
    const problem = '"keep" is false, so that nothing is kept in "store"';
    drafts.push(fault(inventory, ['sessions', 'keep'], problem, 'keep: true, or no store'));
  }
  return drafts;
}

/** Machines that share limits. */
export function checkCluster(inventory: Inventory): Draft[] {
  return checkServer(inventory, ['cluster']);
}

/** `url` and `ca` of a server of Valkey. */
function checkServer(inventory: Inventory, place: readonly string[]): Draft[] {
  const at = (key: string): readonly string[] => [...place, key];
  const drafts: Draft[] = [];
  const url = textOf(valueAt(inventory.data, at('url')));
  if (url === undefined) return drafts;
  if (!isServerUrl(url)) {
    const expected = `${SERVER_URL}; in user and password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`;
    drafts.push(fault(inventory, at('url'), '"url" is not an address of a server', expected, { secret: true }));
  }
  if (valueAt(inventory.data, at('ca')) !== undefined && !url.startsWith('rediss://')) {
    drafts.push(fault(inventory, at('ca'), '"ca" is for TLS, which "url" does not ask for', 'a url with rediss://'));
  }
  return drafts;
}
