import { AtpError } from '@atp-router/kernel';
import { type JournalFault, linkFault, type ResumePoint, storedRecords } from '@atp-router/ledger';
import { Projection, type ProjectionBatch, type ProjectionPosition, type SqlDriver } from '../sql/index.ts';
import { findFile, type JournalFile, listFiles, readBase } from './files.ts';
import { readFileHeader } from './header.ts';
import { damageError, scanFile } from './scan.ts';

/** Up to where the journal may be read: all files before `epoch`, and the first `valid_bytes` of that one. */
export interface JournalLimit {
  readonly epoch: number;
  readonly valid_bytes: number;
}

/** The whole journal as it is on the disk. */
export const WHOLE_JOURNAL: JournalLimit = {
  epoch: Number.MAX_SAFE_INTEGER,
  valid_bytes: Number.MAX_SAFE_INTEGER,
};

export interface ProjectorOptions {
  /** Directory of the journal files. */
  readonly dir: string;
  readonly node_id: string;
  readonly driver: SqlDriver;
  /** Keeps what the tables are before they lose records that the journal does not have, and says where. */
  readonly keepAside?: (() => Promise<string>) | undefined;
  /** Records in one transaction: enough to share its cost, few enough that questions do not wait long. */
  readonly batch_records?: number;
}

const BATCH_RECORDS = 2_000;

/** Stays in the processor's cache from reading over checking to parsing. */
const READ_BYTES = 262_144;

/** Carries a node's journal into its SQL tables, batch by batch, verified on the way. */
export class Projector {
  readonly dir: string;
  readonly projection: Projection;
  readonly #batch_records: number;
  readonly #keepAside: (() => Promise<string>) | undefined;
  readonly #buffer: Uint8Array = new Uint8Array(READ_BYTES);
  /** Ahead of the stored position only by files that hold no records. */
  #cursor: ProjectionPosition;
  /** Whether the stored position was compared with the file it points into. */
  #position_checked = false;
  /** Why the tables were made anew, if they were. */
  rebuilt: string | undefined;

  private constructor(options: ProjectorOptions, projection: Projection) {
    this.dir = options.dir;
    this.projection = projection;
    this.#batch_records = options.batch_records ?? BATCH_RECORDS;
    this.#keepAside = options.keepAside;
    this.#cursor = projection.position;
  }

  /** The tables must have been migrated. */
  static async open(options: ProjectorOptions): Promise<Projector> {
    const projection = new Projection(options.driver, options.node_id);
    const base = readBase(options.dir);
    await projection.load(base);
    const projector = new Projector(options, projection);
    const { epoch, chain } = projection.position;
    if (base !== undefined && (epoch < base.epoch || (epoch === base.epoch && chain !== base.chain))) {
      await projector.rebuild('the tables end before the oldest journal file');
    }
    return projector;
  }

  get cursor(): ProjectionPosition {
    return this.#cursor;
  }

  /** Applies the next batch. False when there was nothing left to apply before the limit. */
  async step(limit: JournalLimit): Promise<boolean> {
    try {
      return await this.#step(limit);
    } catch (error) {
      if (this.#position_checked || this.#positionIsInJournal()) throw error;
      await this.#giveWay();
      return true;
    }
  }

  /** The journal is what counts. Should it be the one that is wrong, what the tables know is not gone with it. */
  async #giveWay(): Promise<void> {
    const aside = await this.#keepAside?.();
    const kept = aside === undefined ? '' : `; what they were is in ${aside}`;
    await this.rebuild(
      `the tables hold records that the journal does not: it lost them in a power failure, or was removed or replaced${kept}`,
    );
  }

  async catchUp(limit: JournalLimit): Promise<void> {
    while (await this.step(limit)) await nextTurn();
  }

  /** Goes back to the base; the next steps apply everything after it again. */
  async rebuild(reason: string): Promise<void> {
    await this.projection.reset(readBase(this.dir));
    this.#cursor = this.projection.position;
    this.#position_checked = true;
    this.rebuilt = reason;
  }

  async #step(limit: JournalLimit): Promise<boolean> {
    // In the common case, the file that is being written has grown: no need to look at the directory.
    if (this.#cursor.offset > 0 && (await this.#readOn(limit))) return true;
    for (;;) {
      if (this.#cursor.epoch >= limit.epoch) return false;
      const next = listFiles(this.dir).find((file) => file.epoch > this.#cursor.epoch && file.epoch <= limit.epoch);
      if (next === undefined) return false;
      this.#enter(next);
      if (await this.#readOn(limit)) return true;
    }
  }

  /** Moves the cursor to the start of the next file, if that continues the one before. */
  #enter(file: JournalFile): void {
    const found = readFileHeader(file.path);
    if ('kind' in found) throw damageError(file.path, found);
    const reason = linkFault(found.header, this.projection.node_id, this.#cursor);
    if (reason !== undefined) throw damageError(file.path, { kind: 'file_header', offset: 0, seq: 1, reason });
    this.#cursor = { epoch: file.epoch, ...found.point };
  }

  /** Applies a batch from the file of the cursor; false when it has no more blocks before the limit. */
  async #readOn(limit: JournalLimit): Promise<boolean> {
    const { epoch } = this.#cursor;
    const file = findFile(this.dir, epoch);
    // Removed after its retention: that happens only to files that were read to their end.
    if (file === undefined) return this.#passRemoved(epoch);
    const until = epoch === limit.epoch ? Math.min(limit.valid_bytes, file.bytes) : file.bytes;
    if (until < this.#cursor.offset) throw damageError(file.path, cutShort(this.#cursor));
    if (until === this.#cursor.offset) return false;
    const batch = await this.projection.begin();
    const to = { epoch, ...this.#readBatch(file, until, batch) };
    await this.projection.commit(batch, to);
    this.#cursor = to;
    return true;
  }

  #passRemoved(epoch: number): false {
    const base = readBase(this.dir);
    if (base !== undefined && epoch <= base.epoch) return false;
    throw new AtpError(
      'config_invalid',
      `The journal file of epoch ${epoch} is missing in ${this.dir}. Restore it from a backup.`,
    );
  }

  /** Adds blocks to the batch until it is full or the limit is reached; returns where they end. */
  #readBatch(file: JournalFile, until: number, batch: ProjectionBatch): ResumePoint {
    let point: ResumePoint = this.#cursor;
    // What came before a fault is good and is applied first; the next step finds the fault again.
    const faulty = (fault: JournalFault): ResumePoint => {
      if (batch.records === 0) throw damageError(file.path, fault);
      return point;
    };
    const blocks = scanFile(file.path, { resume: point, until, buffer: this.#buffer });
    for (let step = blocks.next(); ; step = blocks.next()) {
      if (step.done === true) {
        const { fault, pending_bytes } = step.value;
        if (fault !== undefined) return faulty(fault);
        return pending_bytes > 0 ? faulty(cutShort(step.value.point)) : point;
      }
      const { first_seq, count, end_offset: offset, chain } = step.value;
      const { records, fault } = storedRecords(step.value);
      if (fault === undefined) {
        // One block at a time: its records are garbage before the next is read.
        batch.add(file.epoch, records);
        point = { offset, seq: first_seq + count - 1, chain };
        if (batch.records < this.#batch_records) continue;
      }
      blocks.return({ point, pending_bytes: 0 });
      return fault === undefined ? point : faulty(fault);
    }
  }

  /**
   * Whether the position of the tables is a block boundary of the journal. It is not when the journal lost its end in a
   * power failure that the tables survived, or was replaced: then the tables are wrong, and not the journal.
   */
  #positionIsInJournal(): boolean {
    this.#position_checked = true;
    const { epoch, offset, chain } = this.projection.position;
    if (offset === 0) return true;
    const file = findFile(this.dir, epoch);
    if (file === undefined) return (readBase(this.dir)?.epoch ?? 0) >= epoch;
    const start = readFileHeader(file.path);
    if ('kind' in start) return true;
    if (start.point.offset === offset) return start.point.chain === chain;
    for (const block of scanFile(file.path, { until: offset })) {
      if (block.end_offset === offset) return block.chain === chain;
    }
    return false;
  }
}

function cutShort(point: ResumePoint): JournalFault {
  return { kind: 'incomplete', offset: point.offset, seq: point.seq + 1, reason: 'the file is shorter than it was' };
}

/** Lets messages in between two batches; awaiting SQLite alone never does. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
