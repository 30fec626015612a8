import { AtpError } from '@atp-router/kernel';
import { type LedgerBase, NO_CHAIN, type OpenCall, OpenCalls } from '@atp-router/ledger';
import { type JournalPlace, ProjectionBatch } from './batch.ts';
import type { SqlDriver, SqlQueries } from './driver.ts';
import type { ProjectionPosition } from './position.ts';
import { pruneTables } from './prune.ts';
import { resetToBase } from './reset.ts';
import { writeBatch, writeOpenCalls } from './write.ts';

/** The SQL tables of one node's journal. The position is stored in the transaction that applies the records before it. */
export class Projection {
  readonly node_id: string;
  readonly #driver: SqlDriver;
  #position: ProjectionPosition;
  #open: OpenCalls = new OpenCalls();
  /** Ids of the calls that are in the `open_calls` table. */
  #stored: Set<string> = new Set();
  #events: number = 0;
  /** Calls of earlier days are in the daily sums only, as far as they were counted. */
  #pruned_before_day = '';
  /** Where a rebuild started: what comes up to there was counted before. */
  #counted: JournalPlace = { epoch: 0, seq: 0 };
  /** Memory and tables may differ after an error; the tables are read again before the next write. */
  #stale = true;

  constructor(driver: SqlDriver, node_id: string) {
    this.#driver = driver;
    this.node_id = node_id;
    this.#position = startPosition(undefined);
  }

  /** Reads position and open calls; a node without any starts at the base (or at nothing). */
  async load(base?: LedgerBase): Promise<void> {
    const found = await loadPosition(this.#driver, this.node_id);
    if (found === undefined) {
      await this.reset(base);
      return;
    }
    this.#position = found.position;
    this.#pruned_before_day = found.pruned_before_day;
    this.#counted = found.counted;
    const sql = 'SELECT call_id, state FROM open_calls WHERE node_id = $1';
    const rows = await this.#driver.query(sql, [this.node_id]);
    this.#open = new OpenCalls(rows.map((row) => JSON.parse(String(row['state'])) as OpenCall));
    this.#stored = new Set(rows.map((row) => String(row['call_id'])));
    const last = 'SELECT COALESCE(MAX(n), 0) AS n FROM events_recent WHERE node_id = $1';
    this.#events = Number((await this.#driver.query(last, [this.node_id]))[0]?.['n'] ?? 0);
    this.#stale = false;
  }

  get position(): ProjectionPosition {
    return this.#position;
  }

  /** A batch that starts at the position. `commit` writes it; one that is given up leaves the tables as they are. */
  async begin(): Promise<ProjectionBatch> {
    if (this.#stale) await this.load();
    this.#stale = true;
    const { epoch, seq } = this.#position;
    const { node_id } = this;
    const pruned_before_day = this.#pruned_before_day;
    return new ProjectionBatch({ node_id, epoch, seq, pruned_before_day, counted: this.#counted }, this.#open);
  }

  /** Writes the batch that was begun last, and moves the position to the block end `to` that it reaches. */
  async commit(batch: ProjectionBatch, to: ProjectionPosition): Promise<void> {
    const changed = this.#open.takeChanged();
    const stored = new Set(this.#stored);
    await this.#driver.transaction(async (tx) => {
      await writeBatch(tx, this.node_id, batch, this.#events);
      await writeOpenCalls(tx, this.node_id, this.#open, changed, stored);
      await movePosition(tx, this.node_id, this.#position, to);
    });
    this.#stored = stored;
    this.#events += batch.events.length;
    this.#position = to;
    this.#stale = false;
  }

  /** Moves on over files that hold no records. */
  async moveTo(to: ProjectionPosition): Promise<void> {
    await this.commit(await this.begin(), to);
  }

  /**
   * Removes call records of days before `before_day`, at most `limit` of them at a time, and expired idempotency keys as
   * of `now_ms`. Daily sums stay. Returns true while more is left.
   */
  async prune(before_day: string, now_ms: number, limit: number): Promise<boolean> {
    if (this.#stale) await this.load();
    const more = await pruneTables(this.#driver, this.node_id, before_day, now_ms, limit);
    if (before_day > this.#pruned_before_day) this.#pruned_before_day = before_day;
    return more;
  }

  /** The time that retention went by last; `undefined` before its first pass. */
  async believedTime(): Promise<number | undefined> {
    const sql = 'SELECT believed_ms FROM journal_position WHERE node_id = $1';
    const believed_ms = Number((await this.#driver.query(sql, [this.node_id]))[0]?.['believed_ms'] ?? 0);
    return believed_ms === 0 ? undefined : believed_ms;
  }

  async keepBelievedTime(believed_ms: number): Promise<void> {
    const sql = 'UPDATE journal_position SET believed_ms = $2 WHERE node_id = $1';
    await this.#driver.query(sql, [this.node_id, Math.floor(believed_ms)]);
  }

  /** When the newest call with a usage record began; `undefined` without any. */
  async newestCall(): Promise<number | undefined> {
    const sql = 'SELECT started_ms FROM calls WHERE node_id = $1 ORDER BY started_ms DESC LIMIT 1';
    const [row] = await this.#driver.query(sql, [this.node_id]);
    return row && Number(row['started_ms']);
  }

  /** Removes all that came from the journal after the base, and goes back there: the start of a rebuild. */
  async reset(base: LedgerBase | undefined): Promise<void> {
    this.#stale = true;
    await this.#driver.transaction((tx) => resetToBase(tx, this.node_id, base, startPosition(base)));
    await this.load(base);
  }
}

function startPosition(base: LedgerBase | undefined): ProjectionPosition {
  return { epoch: base?.epoch ?? 0, seq: 0, offset: 0, chain: base?.chain ?? NO_CHAIN };
}

interface StoredPosition {
  readonly position: ProjectionPosition;
  readonly pruned_before_day: string;
  readonly counted: JournalPlace;
}

async function loadPosition(queries: SqlQueries, node_id: string): Promise<StoredPosition | undefined> {
  const sql = 'SELECT * FROM journal_position WHERE node_id = $1';
  const [row] = await queries.query(sql, [node_id]);
  if (row === undefined) return undefined;
  const position = {
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    offset: Number(row['file_offset']),
    chain: String(row['chain']),
  };
  const counted = { epoch: Number(row['counted_epoch']), seq: Number(row['counted_seq']) };
  return { position, pruned_before_day: String(row['pruned_before_day']), counted };
}

/** Compare and set: should two projectors of one journal ever run at once, one of them fails instead of counting twice. */
async function movePosition(
  tx: SqlQueries,
  node_id: string,
  from: ProjectionPosition,
  to: ProjectionPosition,
): Promise<void> {
  const moved = await tx.query(
    `UPDATE journal_position SET epoch = $2, seq = $3, file_offset = $4, chain = $5
     WHERE node_id = $1 AND epoch = $6 AND seq = $7 RETURNING node_id`,
    [node_id, to.epoch, to.seq, to.offset, to.chain, from.epoch, from.seq],
  );
  if (moved.length !== 1) {
    throw new AtpError(
      'internal_error',
      `The usage tables are written by another projection of node ${node_id}. Give each router a node_id of its own.`,
    );
  }
}
