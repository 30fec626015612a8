import { AssertionError, AtpError, assert } from '@atp-router/kernel';
import { type EventType, RecordEncoder, type RouterEvent } from '@atp-router/ledger';
import { onFiles } from '../system-error.ts';
import { BlockEncoder } from './batch.ts';
import { journalFailure, mayPass } from './failure.ts';
import { type JournalIo, NODE_IO } from './io.ts';
import { PendingRecords, type Worth } from './pending.ts';
import { type FileWatch, watchPresence } from './presence.ts';
import { recoverEnd, Segment, type TornTail } from './segment.ts';
import { Syncer } from './syncer.ts';
import type { BarrierCallback, Journal, JournalOptions, JournalStats } from './types.ts';

/** One record. Stored answers, of an idempotent call or of a fan-out, are the only large kind: larger ones are not kept. */
const RECORD_CHARS_MAX = 8_388_608;

/** Twice the calls that a router admits by default; what waits beyond them is refused, not queued. */
const BARRIERS_MAX = 40_000;

/** Between attempts while the disk is full: whoever frees space does it in seconds. */
const RETRY_MS = 1_000;

/** Events that settle nothing and from which nothing is restored. */
const NEWS: ReadonlySet<EventType> = new Set<EventType>([
  'attempt.progress',
  'breaker.changed',
  'call.refused',
  'call.cached',
  'call.replayed',
  'consensus.ended',
  'consensus.learned',
  'route.decided',
  'route.drifted',
  'shadow.compared',
  'stage.aborted',
]);

/** Opens a journal directory for writing, in a new epoch. Throws on damage; cuts off a torn tail. The caller holds the lock. */
export function openJournal(options: JournalOptions): Journal {
  return onFiles('The journal', options.dir, () => new FileJournal(options));
}

class FileJournal implements Journal {
  readonly torn: TornTail | undefined;
  readonly #options: JournalOptions;
  readonly #io: JournalIo;
  readonly #records: RecordEncoder = new RecordEncoder();
  readonly #encoder: BlockEncoder = new BlockEncoder();
  readonly #pending: PendingRecords = new PendingRecords();
  readonly #syncer: Syncer;
  readonly #presence: FileWatch;
  #segment: Segment;
  #barriers: BarrierCallback[] = [];
  #flush_due = false;
  #closed = false;
  #failure: AtpError | undefined;
  /** Failed in a way that only a restart can mend. */
  #final = false;
  #sync_timer: NodeJS.Timeout | undefined;
  #retry_timer: NodeJS.Timeout | undefined;
  /** The file is full and is being synced before the next one. */
  #rotating = false;
  /** After a file that could not be made. */
  #rotate_not_before_ms = Number.NEGATIVE_INFINITY;
  readonly #totals = { records: 0, blocks: 0, bytes: 0, errors: 0, lost: 0 };

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#io = options.io ?? NODE_IO;
    const end = recoverEnd(options.dir, options.node_id, this.#io);
    this.torn = end.torn;
    this.#segment = Segment.create(options.dir, options.node_id, end, options.clock, this.#io);
    // An fsync that failed once may report success the next time although pages were dropped: there is no way back.
    this.#syncer = new Syncer(this.#io, this.#segment.fd, options.dir, (error) => this.#fail(error, true));
    this.#presence = watchPresence(
      () => this.#segment,
      (error) => this.#fail(error, true),
    );
  }

  get failure(): AtpError | undefined {
    return this.#failure;
  }

  get epoch(): number {
    return this.#segment.epoch;
  }

  get valid_bytes(): number {
    return this.#segment.bytes;
  }

  append(event: RouterEvent): number {
    assert(!this.#closed, 'append to a closed journal');
    const seq = this.#pending.seq + 1;
    const text = this.#textOf(event, seq);
    if (text.length > RECORD_CHARS_MAX) {
      throw new AssertionError(`a ${event.type} record of ${text.length} characters is too large`);
    }
    const worth: Worth = NEWS.has(event.type) ? 'news' : 'account';
    if (!this.#pending.fits(text, worth)) {
      this.#totals.lost += 1;
      if (worth === 'account') this.#fail(new Error('records were lost'), true);
      return 0;
    }
    this.#pending.add(text);
    if (this.#pending.large && this.#failure === undefined) this.#writePending();
    this.#scheduleFlush();
    return seq;
  }

  /** The line of a record. Stored answers that are too large are left out: a key is used, a session is over all the same. */
  #textOf(event: RouterEvent, seq: number): string {
    const ts_ms = this.#options.clock.now_ms();
    const text = this.#records.encode(event, seq, ts_ms);
    if (event.type !== 'idempotency.stored' && event.type !== 'consensus.ended') return text;
    const is_kept = text.length <= RECORD_CHARS_MAX && this.#pending.fits(text, 'answer');
    return is_kept ? text : this.#records.encode({ ...event, sealed: '' }, seq, ts_ms);
  }

  barrier(done: BarrierCallback): void {
    if (this.#closed || this.#barriers.length + this.#syncer.waiting >= BARRIERS_MAX) {
      const error = this.#closed
        ? new AtpError('draining', 'The router is stopping and records no more calls.')
        : new AtpError('backpressure', 'Too many calls wait for the journal. Retry in a moment.');
      queueMicrotask(() => done(error));
      return;
    }
    this.#barriers.push(done);
    this.#scheduleFlush();
  }

  flushNow(): void {
    if (this.#failure === undefined) this.#writePending();
    this.#releaseBarriers();
    if (this.#failure === undefined && this.#segment.bytes >= this.#options.segment_bytes) this.#endFile();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#presence.stop();
    clearTimeout(this.#sync_timer);
    clearTimeout(this.#retry_timer);
    if (!this.#final) this.#writePending();
    this.#releaseBarriers();
    if (this.#options.fsync !== 'never' || this.#syncer.busy) {
      await new Promise<void>((resolve) => {
        this.#syncer.request(() => resolve());
      });
    }
    this.#io.close(this.#segment.fd);
  }

  stats(): JournalStats {
    return {
      epoch: this.#segment.epoch,
      seq: this.#pending.seq,
      file_bytes: this.#segment.bytes,
      records_total: this.#totals.records,
      blocks_total: this.#totals.blocks,
      bytes_total: this.#totals.bytes,
      syncs_total: this.#syncer.rounds,
      write_errors_total: this.#totals.errors,
      lost_records_total: this.#totals.lost,
      pending_chars: this.#pending.chars,
      waiting_barriers: this.#barriers.length + this.#syncer.waiting,
    };
  }

  #scheduleFlush(): void {
    if (this.#flush_due || this.#closed) return;
    this.#flush_due = true;
    setImmediate(() => {
      this.#flush_due = false;
      if (!this.#closed) this.flushNow();
    });
  }

  /** True when nothing is pending any more. */
  #writePending(): boolean {
    for (let batch = this.#pending.first(); batch !== undefined; batch = this.#pending.first()) {
      const block = this.#encoder.encode(batch, this.#segment.chain);
      try {
        this.#segment.write(block);
      } catch (error) {
        this.#fail(error, !mayPass(error));
        return false;
      }
      this.#pending.dropFirst();
      this.#totals.records += batch.count;
      this.#totals.blocks += 1;
      this.#totals.bytes += block.bytes.length;
      const { epoch, bytes: valid_bytes } = this.#segment;
      this.#options.on_block?.({ epoch, first_seq: batch.first_seq, count: batch.count, valid_bytes });
      this.#scheduleSync();
    }
    return true;
  }

  #scheduleSync(): void {
    if (this.#options.fsync !== 'interval' || this.#sync_timer !== undefined || this.#closed) return;
    this.#sync_timer = setTimeout(() => {
      this.#sync_timer = undefined;
      this.#syncer.request(() => undefined);
    }, this.#options.fsync_interval_ms);
    this.#sync_timer.unref();
  }

  #releaseBarriers(): void {
    if (this.#barriers.length === 0) return;
    const barriers = this.#barriers;
    this.#barriers = [];
    const release = (failure: AtpError | undefined): void => {
      for (const done of barriers) runBarrier(done, failure);
    };
    if (this.#options.fsync !== 'always' || this.#failure !== undefined) release(this.#failure);
    else this.#syncer.request((error) => release(error && (this.#failure ?? journalFailure(error))));
  }

  /** Syncs the file in the thread pool, then rotates; meanwhile it simply grows. */
  #endFile(): void {
    if (this.#rotating || this.#options.clock.mono_ms() < this.#rotate_not_before_ms) return;
    this.#rotating = true;
    this.#syncer.request((error) => {
      this.#rotating = false;
      if (error === undefined && this.#failure === undefined && !this.#closed) this.#rotate();
    });
  }

  /**
   * Goes on in the next epoch. The last bytes of this one are on the disk before that has a name: a power loss could
   * otherwise leave a file that continues what is not there. When it cannot be made, the current file goes on growing.
   */
  #rotate(): void {
    if (!this.#writePending()) return;
    const { epoch, chain, fd } = this.#segment;
    const { dir, node_id, clock } = this.#options;
    try {
      this.#io.syncFileNow(fd);
    } catch (error) {
      this.#fail(error, true);
      return;
    }
    try {
      this.#segment = Segment.create(dir, node_id, { epoch, chain }, clock, this.#io);
    } catch {
      this.#totals.errors += 1;
      this.#rotate_not_before_ms = clock.mono_ms() + RETRY_MS;
      return;
    }
    this.#pending.startEpoch();
    this.#syncer.rotate(this.#segment.fd, dir);
    this.#syncer.request(() => undefined);
  }

  #fail(error: unknown, final: boolean): void {
    this.#totals.errors += 1;
    const is_news = this.#failure === undefined || (final && !this.#final);
    this.#final ||= final;
    this.#failure = journalFailure(error);
    if (is_news) this.#options.on_state?.(this.#failure);
    clearTimeout(this.#retry_timer);
    if (this.#final || this.#closed) return;
    this.#retry_timer = setTimeout(() => this.#retry(), RETRY_MS);
    this.#retry_timer.unref();
  }

  #retry(): void {
    if (this.#final || !this.#writePending()) return;
    this.#failure = undefined;
    this.#options.on_state?.(undefined);
    this.flushNow();
  }
}

/** A callback that throws must not keep the others waiting; its error surfaces as an uncaught one. */
function runBarrier(done: BarrierCallback, failure: AtpError | undefined): void {
  try {
    done(failure);
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
