import { renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AtpError } from '@atp-router/kernel';
// Not by the index of a room: the thread would read all of it, of which it needs so little.
import { aesGcmSealer, type DataSealer } from '../secrets/sealer.ts';
import { createPrivate } from '../sql/private-file.ts';
import { isDamaged } from '../sql/sqlite.ts';
import { openAt, sealAt } from './sealed.ts';
import type { FoundItems, Opening, SessionChanges, WorkerInput } from './worker-protocol.ts';

/**
 * Raised when the tables or the items in them change. The sessions of an older version are dropped, and that is told: most are
 * over by the time of an update, and what can read two forms is more than they are worth.
 */
const VERSION = 2;

/** Another process that looks into the file, a backup for example. */
const BUSY_MS = 5_000;

const TABLES = `
  DROP TABLE IF EXISTS sessions;
  DROP TABLE IF EXISTS items;
  DROP TABLE IF EXISTS alive;
  CREATE TABLE sessions (
    born TEXT PRIMARY KEY, tenant TEXT NOT NULL, key_id TEXT NOT NULL, session_id TEXT NOT NULL, since_ms INTEGER);
  CREATE TABLE items (born TEXT NOT NULL, key TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY (born, key));
  CREATE TABLE alive (one INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL);
`;

/** How often a store that has sessions says that it is alive. A session that had a connection lost it within that. */
export const ALIVE_MS = 5_000;

/**
 * The file of the sessions: for a thread of its own, since every call blocks. Each item is sealed together with its
 * place, so that whoever can write the file can neither read an item nor put it elsewhere.
 */
export class SessionFile {
  readonly #database: DatabaseSync;
  readonly #sealer: DataSealer;
  readonly #statements: ReturnType<typeof prepare>;
  #outdated = 0;

  constructor(path: string, seal_key: Uint8Array, is_synced: boolean) {
    createPrivate(path);
    this.#sealer = aesGcmSealer(seal_key);
    this.#database = new DatabaseSync(path, { timeout: BUSY_MS });
    try {
      // NORMAL outlives the process, FULL a power loss as well: as the journal is told to (`journal.fsync`).
      this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${is_synced ? 'FULL' : 'NORMAL'}`);
      this.#migrate(path);
      this.#statements = prepare(this.#database);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** How many sessions of an older version it had. */
  get outdated(): number {
    return this.#outdated;
  }

  /** All of it or nothing. */
  apply(changes: readonly SessionChanges[], now_ms: number): void {
    const { putSession, putItem, dropItem, dropItems, dropSession, putSince, alive } = this.#statements;
    this.#transact(() => {
      for (const { born, is_dropped, session, items, since } of changes) {
        if (is_dropped) {
          dropItems.run(born);
          dropSession.run(born);
        }
        if (session !== undefined) putSession.run(born, session.tenant, session.key_id, session.session_id);
        for (const [key, value] of items) {
          if (value === undefined) dropItem.run(born, key);
          else putItem.run(born, key, sealAt(this.#sealer, placeOf(born, key), value));
        }
        if (since !== undefined) putSince.run(since.ms ?? null, born);
      }
      alive.run(now_ms);
    });
  }

  /**
   * Everything there is, oldest first. Items that cannot be opened leave their session without `items`. Sessions that
   * were connected are without a connection since the store was last alive.
   */
  *read(now_ms: number): Generator<FoundItems> {
    const { lost, sessions, items, alive_at } = this.#statements;
    const at_ms = Number(alive_at.get()?.['at_ms'] ?? now_ms);
    lost.run(Math.min(now_ms, at_ms + ALIVE_MS));
    for (const row of sessions.all()) {
      const [born, tenant, key_id, session_id] = ['born', 'tenant', 'key_id', 'session_id'].map((name) =>
        String(row[name]),
      ) as [string, string, string, string];
      const sealed = items.all(born);
      const session = { born, tenant, key_id, session_id };
      yield { session, since_ms: Number(row['since_ms']), items: this.#openAll(born, sealed) };
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #openAll(born: string, rows: readonly Record<string, unknown>[]): readonly Uint8Array[] | undefined {
    try {
      return rows.map((row) => openAt(this.#sealer, placeOf(born, String(row['key'])), String(row['sealed'])));
    } catch {
      return undefined;
    }
  }

  #migrate(path: string): void {
    const version = Number(this.#database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version > VERSION) {
      const remedy = 'Run the router that made it, or a newer one, or remove the file: its sessions are then lost.';
      throw new AtpError(
        'config_invalid',
        `${path} is of version ${version}; this router knows ${VERSION}. ${remedy}`,
        {
          param: 'data_dir',
        },
      );
    }
    if (version === VERSION) return;
    if (version > 0) this.#outdated = Number(this.#database.prepare('SELECT count(*) AS n FROM sessions').get()?.['n']);
    this.#transact(() => this.#database.exec(`${TABLES} PRAGMA user_version = ${VERSION}`));
  }

  #transact(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function placeOf(born: string, key: string): string {
  return `${born} ${key}`;
}

function prepare(database: DatabaseSync) {
  return {
    putSession: database.prepare(
      'INSERT INTO sessions (born, tenant, key_id, session_id) VALUES (?, ?, ?, ?) ON CONFLICT (born) DO NOTHING',
    ),
    putItem: database.prepare(
      'INSERT INTO items (born, key, sealed) VALUES (?, ?, ?) ON CONFLICT (born, key) DO UPDATE SET sealed = excluded.sealed',
    ),
    dropItem: database.prepare('DELETE FROM items WHERE born = ? AND key = ?'),
    dropItems: database.prepare('DELETE FROM items WHERE born = ?'),
    dropSession: database.prepare('DELETE FROM sessions WHERE born = ?'),
    putSince: database.prepare('UPDATE sessions SET since_ms = ? WHERE born = ?'),
    alive: database.prepare(
      'INSERT INTO alive (one, at_ms) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET at_ms = excluded.at_ms',
    ),
    alive_at: database.prepare('SELECT at_ms FROM alive'),
    lost: database.prepare('UPDATE sessions SET since_ms = ? WHERE since_ms IS NULL'),
    sessions: database.prepare('SELECT born, tenant, key_id, session_id, since_ms FROM sessions ORDER BY rowid'),
    items: database.prepare('SELECT key, sealed FROM items WHERE born = ?'),
  };
}

/** SQLite keeps what belongs to a database beside it. */
const PARTS = ['', '-wal', '-shm'] as const;

/**
 * Opens the file and hands what it has to `onFound`. A file that is damaged is moved aside, and what it was is returned
 * as `lost`: sessions end by that, which their clients are told; a router that does not start would end them as well.
 */
export function openSessionFile(
  { path, seal_key, is_synced, now_ms }: WorkerInput,
  onFound: (found: FoundItems) => void,
): { readonly file: SessionFile; readonly opening: Opening } {
  const open = (): SessionFile => {
    const file = new SessionFile(path, seal_key, is_synced);
    try {
      if (now_ms !== undefined) for (const found of file.read(now_ms)) onFound(found);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  };
  try {
    const file = open();
    return { file, opening: { outdated: file.outdated } };
  } catch (error) {
    if (!isDamaged(error)) throw error;
    const aside = `${path}.damaged`;
    for (const part of PARTS) {
      rmSync(aside + part, { force: true });
      if (statSync(path + part, { throwIfNoEntry: false }) !== undefined) renameSync(path + part, aside + part);
    }
    return { file: open(), opening: { lost: aside } };
  }
}
