import { type FileHandle, mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataSealer } from '@atp-router/adapters';
import type { Clock, Timer, Timers } from '@atp-router/kernel';
import type { ObservedRecord } from '@atp-router/routing';
import { BLOCK_CHARS, FILE_HEAD, sealBlock } from './block.ts';
import { nothingThere } from './segment-reader.ts';
import { parseSegment, segmentFile, type SegmentName } from './segment-name.ts';

/** What a crash may take: records wait this long for a block to become full. */
const FLUSH_MS = 1_000;
/** A file is closed after that, so that retention by age is true within it. */
export const SEGMENT_AGE_MS = 3_600_000;
const FILE_MODE = 0o600;

export interface WriterParts {
  readonly dir: string;
  /** Of this process, so that files of several do not meet. */
  readonly node: string;
  readonly sealer: DataSealer;
  readonly clock: Pick<Clock, 'now_ms'>;
  readonly timers: Timers;
  readonly segment_bytes: () => number;
  readonly onLost: (records: number, error: unknown) => void;
}

interface OpenSegment {
  readonly name: SegmentName;
  readonly file: FileHandle;
  bytes: number;
}

/** Writes the records of one process, one step after another. What cannot be written is lost, and told. */
export class SegmentWriter {
  readonly #parts: WriterParts;
  #waiting: ObservedRecord[] = [];
  #chars = 0;
  #timer: Timer | undefined;
  #open: OpenSegment | undefined;
  #n = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Closes what a predecessor of the same name left open. Call it before the first record. */
  async begin(): Promise<void> {
    const { dir, node } = this.#parts;
    for (const file of await readdir(dir).catch(nothingThere<string[]>([]))) {
      const name = parseSegment(file);
      if (name?.is_open !== true || name.node !== node) continue;
      await rename(join(dir, file), join(dir, segmentFile({ ...name, is_open: false })));
    }
  }

  add(record: ObservedRecord, chars: number): void {
    this.#waiting.push(record);
    this.#chars += chars;
    if (this.#chars >= BLOCK_CHARS) void this.flush();
    else this.#timer ??= this.#parts.timers.after(FLUSH_MS, () => void this.flush());
  }

  /** Resolves when all that was added is in the file. Never rejects. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const records = this.#waiting;
    this.#waiting = [];
    this.#chars = 0;
    if (records.length > 0) this.#then(() => this.#write(records), records.length);
    return this.#last;
  }

  /** The same, and closes the file: what comes then is in another. */
  close(): Promise<void> {
    void this.flush();
    this.#then(() => this.#closeFile(), 0);
    return this.#last;
  }

  /** Closes a file that has become too old. */
  async closeOld(): Promise<void> {
    const from_ms = this.#open?.name.from_ms;
    if (from_ms !== undefined && this.#parts.clock.now_ms() - from_ms >= SEGMENT_AGE_MS) await this.close();
  }

  #then(run: () => Promise<void>, records: number): void {
    this.#last = this.#last.then(run).catch((error: unknown) => this.#parts.onLost(records, error));
  }

  async #write(records: readonly ObservedRecord[]): Promise<void> {
    const line = await sealBlock(records, this.#parts.sealer);
    const segment = this.#open ?? (await this.#begin());
    try {
      await segment.file.appendFile(line, 'latin1');
    } catch (error) {
      // A part of the block may be there: nothing could be read behind it.
      await this.#closeFile().catch(() => undefined);
      throw error;
    }
    segment.bytes += line.length;
    if (segment.bytes >= this.#parts.segment_bytes()) await this.#closeFile();
  }

  async #begin(): Promise<OpenSegment> {
    const { dir, node, clock } = this.#parts;
    this.#n += 1;
    const name = { node, from_ms: Math.max(0, Math.floor(clock.now_ms())), n: this.#n, is_open: true };
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = await open(join(dir, segmentFile(name)), 'ax', FILE_MODE);
    try {
      await file.appendFile(FILE_HEAD, 'latin1');
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#open = { name, file, bytes: FILE_HEAD.length };
    return this.#open;
  }

  async #closeFile(): Promise<void> {
    const segment = this.#open;
    if (segment === undefined) return;
    this.#open = undefined;
    const { dir } = this.#parts;
    try {
      await segment.file.sync();
    } finally {
      await segment.file.close();
      await rename(join(dir, segmentFile(segment.name)), join(dir, segmentFile({ ...segment.name, is_open: false })));
    }
    const directory = await open(dir, 'r');
    await directory.sync().finally(() => directory.close());
  }
}
