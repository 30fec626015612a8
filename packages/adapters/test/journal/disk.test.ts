import { readFileSync } from 'node:fs';
import type { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  filePath,
  type Journal,
  type JournalIo,
  NODE_IO,
  openJournal,
  verifyJournal,
} from '../../src/journal/index.ts';
import { journalOptions, readRecords, tempDirs } from './support/helpers.ts';
import { testDisk } from './support/test-disk.ts';

const tempDir = tempDirs();
const events = sampleStream(5, 300).map(({ event }) => event);

function outcome(journal: Journal): Promise<AtpError | undefined> {
  return new Promise((resolve) => {
    journal.barrier(resolve);
  });
}

function appendAll(journal: Journal, list: readonly RouterEvent[]): void {
  for (const event of list) journal.append(event);
}

function count(dir: string): number {
  return [...readRecords(dir).values()].flat().length;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a disk that takes little at a time', () => {
  it('gets every byte', async () => {
    const dir = tempDir();
    const disk = testDisk();
    disk.chunk = 7;
    const journal = openJournal(journalOptions(dir, { io: disk }));
    appendAll(journal, events.slice(0, 30));
    expect(await outcome(journal)).toBeUndefined();
    await journal.close();
    expect(count(dir)).toBe(30);
  });
});

describe('a full disk', () => {
  it('fails the barrier, keeps the file whole, and writes everything once there is space again', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const states: (string | undefined)[] = [];
    const on_state = (failure: AtpError | undefined): number => states.push(failure?.code);
    const journal = openJournal(journalOptions(dir, { io: disk, on_state }));
    appendAll(journal, events.slice(0, 10));
    expect(await outcome(journal)).toBeUndefined();
    const good = readFileSync(filePath(dir, 1));

    disk.free_bytes = 1_000;
    appendAll(journal, events.slice(10, 30));
    const error = await outcome(journal);
    expect(error).toMatchObject({ code: 'internal_error', status: 503, details: { reason: 'ENOSPC' } });
    expect(error?.message).not.toContain(dir);
    expect(journal.failure).toBe(error);
    expect(readFileSync(filePath(dir, 1)).equals(good)).toBe(true);

    journal.append(events[30] as RouterEvent);
    expect(await outcome(journal)).toBe(journal.failure);
    vi.advanceTimersByTime(1_000);
    expect(journal.failure).toBeDefined();
    disk.free_bytes = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    expect(journal.failure).toBeUndefined();
    expect(await outcome(journal)).toBeUndefined();
    expect(states).toEqual(['internal_error', undefined]);
    await journal.close();
    expect(count(dir)).toBe(31);
    expect(verifyJournal(dir).ok).toBe(true);
  });

  it('leaves a torn tail at worst, which the next start cuts off', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const journal = openJournal(journalOptions(dir, { io: disk }));
    appendAll(journal, events.slice(0, 10));
    await outcome(journal);
    disk.free_bytes = 1_000;
    disk.truncates = false;
    appendAll(journal, events.slice(10, 30));
    expect(await outcome(journal)).toBeDefined();
    // The process ends here. Its successor finds what is on the disk.
    const next = openJournal(journalOptions(dir));
    expect(next.torn?.bytes).toBe(1_000);
    await next.close();
    expect(count(dir)).toBe(10);
    await journal.close();
  });

  it('keeps a bounded amount for later, then counts what it loses and stays failed', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const journal = openJournal(journalOptions(dir, { io: disk }));
    disk.free_bytes = 0;
    const big: RouterEvent = {
      type: 'entity.put',
      kind: 'tenant',
      id: 'a',
      value: { note: 'x'.repeat(8_000_000) },
      by: 'b',
    };
    const seqs = Array.from({ length: 10 }, () => journal.append(big));
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0, 0]);
    expect(journal.stats()).toMatchObject({ lost_records_total: 2 });
    disk.free_bytes = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(10_000);
    expect(await outcome(journal)).toBeDefined();
    await journal.close();
    expect(count(dir)).toBe(0);
  });
});

describe('what a full disk leaves room for', () => {
  const stored: RouterEvent = {
    type: 'idempotency.stored',
    ...{ scope_hash: 's', body_hash: 'b', call_id: 'c', expires_ms: 1, sealed: 'x'.repeat(8_000_000) },
  };
  const ended = events.find((event) => event.type === 'call.ended') as RouterEvent;

  it('keeps ends whatever is refused meanwhile, and goes on once there is space again', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const journal = openJournal(journalOptions(dir, { io: disk }));
    disk.free_bytes = 0;
    const refused: RouterEvent = {
      type: 'call.refused',
      ...{ tenant: 'a', key_id: 'k', endpoint: 'chat', error: `internal_error${'x'.repeat(100_000)}` },
    };
    const kept = Array.from({ length: 1_000 }, () => journal.append(refused)).filter((seq) => seq > 0).length;
    expect(kept).toBeGreaterThan(0);
    expect(journal.stats()).toMatchObject({ lost_records_total: 1_000 - kept });
    expect(journal.stats().pending_chars).toBeLessThanOrEqual(16_777_216);
    for (let n = 0; n < 1_000; n += 1) expect(journal.append(ended)).toBe(kept + n + 1);
    expect(await outcome(journal)).toBeDefined();
    disk.free_bytes = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    expect(journal.failure).toBeUndefined();
    await journal.close();
    expect(count(dir)).toBe(kept + 1_000);
    expect(verifyJournal(dir).ok).toBe(true);
  });

  it('gives up stored answers before it gives up that their keys were used', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const journal = openJournal(journalOptions(dir, { io: disk }));
    disk.free_bytes = 0;
    for (let n = 1; n <= 20; n += 1) expect(journal.append(stored)).toBe(n);
    expect(journal.append(ended)).toBe(21);
    expect(journal.stats().lost_records_total).toBe(0);
    disk.free_bytes = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(1_000);
    await journal.close();
    const records = [...readRecords(dir).values()].flat();
    const sealed = records.map((record) => (record.type === 'idempotency.stored' ? record.sealed.length : -1));
    expect(sealed).toEqual([...Array(4).fill(8_000_000), ...Array(16).fill(0), -1]);
  });

  it('keeps of an answer that is too large for a record that its key was used', async () => {
    const dir = tempDir();
    const journal = openJournal(journalOptions(dir));
    expect(journal.append({ ...stored, sealed: 'x'.repeat(9_500_000) } as RouterEvent)).toBe(1);
    await journal.close();
    expect([...readRecords(dir).values()].flat()).toMatchObject([{ type: 'idempotency.stored', sealed: '' }]);
  });
});

describe('a broken disk', () => {
  it('stays failed after EIO', async () => {
    const dir = tempDir();
    const disk = testDisk();
    const journal = openJournal(journalOptions(dir, { io: disk }));
    disk.free_bytes = 0;
    disk.write_error = 'EIO';
    appendAll(journal, events.slice(0, 3));
    expect(await outcome(journal)).toMatchObject({ details: { reason: 'EIO' } });
    disk.free_bytes = Number.POSITIVE_INFINITY;
    vi.advanceTimersByTime(10_000);
    expect(await outcome(journal)).toMatchObject({ details: { reason: 'EIO' } });
    await journal.close();
  });

  it('fails the barriers of a round whose fdatasync failed, for good', async () => {
    const dir = tempDir();
    const broken: JournalIo = {
      ...NODE_IO,
      syncFile: (_fd, done) => setImmediate(() => done(Object.assign(new Error('x'), { code: 'EIO' }))),
    };
    const journal = openJournal(journalOptions(dir, { io: broken, fsync: 'always' }));
    appendAll(journal, events.slice(0, 3));
    expect(await outcome(journal)).toMatchObject({ details: { reason: 'EIO' } });
    expect(journal.failure).toBeDefined();
    await journal.close();
  });
});

describe('group commit', () => {
  it('runs one fdatasync at a time and lets the next group gather meanwhile', async () => {
    const dir = tempDir();
    const running: ((error: Error | null) => void)[] = [];
    const io: JournalIo = { ...NODE_IO, syncFile: (_fd, done) => void running.push(done) };
    const journal = openJournal(journalOptions(dir, { io, fsync: 'always' }));
    const done: number[] = [];
    const turn = (n: number): Promise<void> => {
      journal.append(events[n] as RouterEvent);
      journal.barrier(() => void done.push(n));
      return new Promise((resolve) => {
        setImmediate(() => setImmediate(resolve));
      });
    };
    for (let n = 0; n < 4; n += 1) await turn(n);
    expect(running).toHaveLength(1);
    expect(done).toEqual([]);
    expect(count(dir)).toBe(4);
    running.shift()?.(null);
    await vi.waitFor(() => expect(running).toHaveLength(1));
    expect(done).toEqual([0]);
    running.shift()?.(null);
    expect(done).toEqual([0, 1, 2, 3]);
    const closed = journal.close();
    await vi.waitFor(() => expect(running).toHaveLength(1));
    running.shift()?.(null);
    await closed;
  });

  it('syncs at intervals without keeping barriers waiting', async () => {
    const dir = tempDir();
    const journal = openJournal(journalOptions(dir, { fsync: 'interval', fsync_interval_ms: 500 }));
    for (let n = 0; n < 5; n += 1) {
      journal.append(events[n] as RouterEvent);
      expect(await outcome(journal)).toBeUndefined();
    }
    expect(journal.stats().syncs_total).toBe(0);
    vi.advanceTimersByTime(500);
    await vi.waitFor(() => expect(journal.stats().syncs_total).toBe(1));
    vi.advanceTimersByTime(5_000);
    expect(journal.stats().syncs_total).toBe(1);
    await journal.close();
  });
});
