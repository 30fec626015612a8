import { closeSync, openSync, rmSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { AtpError, type Clock } from '@atp-router/kernel';
import { type FileHeader, JOURNAL_FORMAT, NO_CHAIN } from '@atp-router/ledger';
import type { EncodedBlock } from './batch.ts';
import { type CreatedFile, createFile, listFiles, prepareDirectory, readBase } from './files.ts';
import { type JournalIo, writeFully } from './io.ts';
import { damageError, fileTail, scanToEnd } from './scan.ts';

/** The remains of a write that a crash cut short, cut off when the journal was opened. */
export interface TornTail {
  readonly file: string;
  /** Where the file ends now. */
  readonly offset: number;
  readonly bytes: number;
  /** The record that was being written. */
  readonly seq: number;
}

/** Where a new epoch has to continue. */
export interface JournalEnd {
  readonly epoch: number;
  readonly chain: string;
  readonly torn?: TornTail;
}

/**
 * Verifies the newest file, cuts off a torn tail and returns what the next epoch links to: that is on the disk then.
 * Throws when the file is damaged or belongs to another node.
 */
export function recoverEnd(dir: string, node_id: string, io: JournalIo): JournalEnd {
  prepareDirectory(dir);
  io.syncDirectoryNow(dirname(dir));
  const base = readBase(dir);
  const files = listFiles(dir);
  const file = files.at(-1);
  if (file === undefined) return { epoch: base?.epoch ?? 0, chain: base?.chain ?? NO_CHAIN };
  const end = scanToEnd(file.path);
  const tail = fileTail(file.path, file.bytes, end);
  if (tail.kind === 'damaged') throw damageError(file.path, tail.fault);
  if (tail.kind === 'torn' && tail.headless) {
    rmSync(file.path);
    const before = recoverEnd(dir, node_id, io);
    return { ...before, torn: { file: file.path, offset: 0, bytes: tail.bytes, seq: 1 } };
  }
  checkOwner(file.path, end.header?.node_id, node_id);
  const { chain, seq } = end.point;
  if (tail.kind === 'torn') truncateSync(file.path, tail.offset);
  // Its process may have been killed before it synced. A power loss must not take what the next file continues.
  syncPath(file.path, io);
  if (tail.kind === 'clean') return { epoch: file.epoch, chain };
  const torn: TornTail = { file: file.path, offset: tail.offset, bytes: tail.bytes, seq: seq + 1 };
  return { epoch: file.epoch, chain, torn };
}

function syncPath(path: string, io: JournalIo): void {
  const fd = openSync(path, 'r+');
  try {
    io.syncFileNow(fd);
  } finally {
    closeSync(fd);
  }
}

function checkOwner(path: string, found: string | undefined, node_id: string): void {
  if (found === node_id) return;
  throw new AtpError(
    'config_invalid',
    `The journal ${path} belongs to node "${found}", this router is "${node_id}". Give each router its own data_dir, or set node_id back.`,
  );
}

/** The file that is being written: where its last good block ends, and the chain there. */
export class Segment {
  readonly epoch: number;
  readonly path: string;
  readonly fd: number;
  readonly #io: JournalIo;
  #bytes: number;
  #chain: string;
  /** A failed write may have left bytes behind the last good block. */
  #dirty_end = false;

  private constructor(epoch: number, created: CreatedFile, io: JournalIo) {
    this.epoch = epoch;
    this.path = created.path;
    this.fd = created.fd;
    this.#io = io;
    this.#bytes = created.bytes;
    this.#chain = created.chain;
  }

  /** `after` must be on the disk: otherwise a power loss could leave a file that continues what is not there. */
  static create(dir: string, node_id: string, after: JournalEnd, clock: Clock, io: JournalIo): Segment {
    const header: FileHeader = {
      format: JOURNAL_FORMAT,
      node_id,
      epoch: after.epoch + 1,
      prev_epoch: after.epoch,
      prev_hash: after.chain,
      created_ms: clock.now_ms(),
    };
    return new Segment(header.epoch, createFile(dir, header, io), io);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get chain(): string {
    return this.#chain;
  }

  /** Writes one block at the end. When it throws, the file ends (or will be made to end) with the last good block. */
  write(block: EncodedBlock): void {
    if (this.#dirty_end) this.#cutEnd();
    this.#dirty_end = true;
    try {
      writeFully(this.#io, this.fd, block.bytes, this.#bytes);
    } catch (error) {
      this.#tryCutEnd();
      throw error;
    }
    this.#dirty_end = false;
    this.#bytes += block.bytes.length;
    this.#chain = block.chain;
  }

  #cutEnd(): void {
    this.#io.truncate(this.fd, this.#bytes);
    this.#dirty_end = false;
  }

  #tryCutEnd(): void {
    try {
      this.#cutEnd();
    } catch {
      // The next write tries again first; if the process dies before, the next start finds a torn tail.
    }
  }
}
