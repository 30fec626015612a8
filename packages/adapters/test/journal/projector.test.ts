import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouterEvent } from '@atp-router/ledger';
import { utcDay } from '@atp-router/kernel';
import { sampleStream } from '@atp-router/ledger/testing';
import { describe, expect, it } from 'vitest';
import {
  applyRetention,
  filePath,
  listFiles,
  openJournal,
  Projector,
  readBase,
  rebuildTables,
  verifyJournal,
  WHOLE_JOURNAL,
} from '../../src/journal/index.ts';
import type { SqlDriver } from '../../src/sql/index.ts';
import { dumpTables } from '../sql/support/dump.ts';
import { journalOptions, tempDirs, tickingClock } from './support/helpers.ts';
import { dumpJournal, openTables } from './support/tables.ts';

const tempDir = tempDirs();
const DAY_MS = 86_400_000;
const START_MS = 1_790_000_000_000;

/** One epoch with these events, a few records to a block. */
async function writeEpoch(dir: string, events: readonly RouterEvent[], now_ms: number = START_MS): Promise<void> {
  const journal = openJournal(journalOptions(dir, { clock: tickingClock(now_ms) }));
  for (const [i, event] of events.entries()) {
    journal.append(event);
    if (i % 5 === 4) journal.flushNow();
  }
  await journal.close();
}

function eventsOf(seed: number, steps: number, start_ms: number = START_MS): RouterEvent[] {
  return sampleStream(seed, steps, start_ms).map(({ event }) => event);
}

async function projectorOf(dir: string, driver: SqlDriver): Promise<Projector> {
  return Projector.open({ dir, node_id: 'n1', driver, batch_records: 40 });
}

describe('projector', () => {
  it('follows all epochs, also empty ones, and goes on in a new process', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    await writeEpoch(dir, eventsOf(1, 200));
    await writeEpoch(dir, []);
    const first = await projectorOf(dir, driver);
    await first.catchUp(WHOLE_JOURNAL);
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
    await writeEpoch(dir, []);
    await writeEpoch(dir, eventsOf(2, 200));
    await first.catchUp(WHOLE_JOURNAL);
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
    await writeEpoch(dir, eventsOf(3, 50));
    const second = await projectorOf(dir, driver);
    await second.catchUp(WHOLE_JOURNAL);
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
    expect([first.rebuilt, second.rebuilt]).toEqual([undefined, undefined]);
  });

  it('reads no further than the limit', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    await writeEpoch(dir, eventsOf(1, 50));
    const half = readFileSync(filePath(dir, 1)).lastIndexOf('\n#') + 1;
    const projector = await projectorOf(dir, driver);
    await projector.catchUp({ epoch: 1, valid_bytes: half });
    expect(projector.cursor.offset).toBe(half);
    await projector.catchUp(WHOLE_JOURNAL);
    expect(projector.cursor.offset).toBe(statSync(filePath(dir, 1)).size);
  });

  it('stops at damage and says where', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    await writeEpoch(dir, eventsOf(1, 300));
    const path = filePath(dir, 1);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('"seq":200,') + 7] = 57;
    writeFileSync(path, bytes);
    const projector = await projectorOf(dir, driver);
    await expect(projector.catchUp(WHOLE_JOURNAL)).rejects.toThrow(/00000001\.atpj is damaged at byte \d+, record 196/);
    expect(projector.cursor.seq).toBe(195);
    await expect(projector.catchUp(WHOLE_JOURNAL)).rejects.toThrow('damaged');
    expect(projector.rebuilt).toBeUndefined();
  });

  it('makes the tables anew when they hold more than the journal', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    await writeEpoch(dir, eventsOf(1, 300));
    await (await projectorOf(dir, driver)).catchUp(WHOLE_JOURNAL);
    // A power failure took the end of the file; the tables had reached the disk.
    truncateSync(filePath(dir, 1), Math.floor(statSync(filePath(dir, 1)).size / 2));
    await writeEpoch(dir, eventsOf(2, 100));
    const projector = await projectorOf(dir, driver);
    await projector.catchUp(WHOLE_JOURNAL);
    expect(projector.rebuilt).toContain('power failure');
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
  });

  it('makes the tables anew when the journal was replaced', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    await writeEpoch(dir, eventsOf(1, 100));
    await (await projectorOf(dir, driver)).catchUp(WHOLE_JOURNAL);
    rmSync(filePath(dir, 1));
    await writeEpoch(dir, eventsOf(2, 300));
    const projector = await projectorOf(dir, driver);
    await projector.catchUp(WHOLE_JOURNAL);
    expect(projector.rebuilt).toBeDefined();
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
  });

  it('refuses a journal from which a file is missing', async () => {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    for (const seed of [1, 2, 3]) await writeEpoch(dir, eventsOf(seed, 30));
    rmSync(filePath(dir, 2));
    const projector = await projectorOf(dir, driver);
    await expect(projector.catchUp(WHOLE_JOURNAL)).rejects.toThrow('00000003.atpj is damaged at byte 0');
  });
});

describe('rebuildTables', () => {
  it('gives the same tables from the files alone, and leaves a torn tail alone', async () => {
    const data_dir = tempDir();
    const dir = join(data_dir, 'journal');
    await writeEpoch(dir, eventsOf(1, 200));
    await writeEpoch(dir, eventsOf(2, 200));
    const expected = dumpJournal(dir);
    const path = filePath(dir, 2);
    writeFileSync(path, '#400 3 9', { flag: 'a' });
    const size = statSync(path).size;
    const report = await rebuildTables({ data_dir });
    expect(report).toMatchObject({ node_id: 'n1', files: 2, epoch: 2 });
    expect(await rebuildTables({ data_dir })).toEqual(report);
    expect(statSync(path).size).toBe(size);
    const driver = await openTables(join(data_dir, 'atp.sqlite'));
    expect(await dumpTables(driver, 'n1')).toEqual(expected);
    await driver.close();
    expect(statSync(join(data_dir, 'atp.sqlite')).mode & 0o777).toBe(0o600);
    await expect(rebuildTables({ data_dir: tempDir() })).rejects.toThrow('There is no journal');
  });
});

describe('retention', () => {
  async function filled(): Promise<{ dir: string; driver: SqlDriver; projector: Projector }> {
    const dir = tempDir();
    const driver = await openTables(':memory:');
    for (let n = 0; n < 5; n += 1) {
      const start_ms = START_MS + n * 10 * DAY_MS;
      await writeEpoch(dir, eventsOf(n, 120, start_ms), start_ms);
    }
    const projector = await projectorOf(dir, driver);
    return { dir, driver, projector };
  }
  const epochs = (dir: string): number[] => listFiles(dir).map((file) => file.epoch);

  it('removes files that were closed long ago, keeps what they meant, and can still rebuild', async () => {
    const { dir, driver, projector } = await filled();
    await projector.catchUp(WHOLE_JOURNAL);
    const before = await dumpTables(driver, 'n1');
    const options = { projector, driver, elapsed_ms: 0, current_epoch: 5 };
    // Epoch 1 was closed when 2 began, on day 10; on day 29 that is 19 days ago, 2 was closed 9 days ago.
    const now_ms = START_MS + 29 * DAY_MS;
    const result = await applyRetention({ ...options, now_ms, retain_days: 15 });
    expect(result).toEqual({ removed_files: 1, more: false, believed_ms: now_ms });
    expect(epochs(dir)).toEqual([2, 3, 4, 5]);
    expect(await applyRetention({ ...options, now_ms, retain_days: 15 })).toMatchObject({ removed_files: 0 });
    expect(await applyRetention({ ...options, now_ms, retain_days: 5 })).toMatchObject({ removed_files: 1 });
    expect(epochs(dir)).toEqual([3, 4, 5]);
    expect(verifyJournal(dir)).toMatchObject({ ok: true });
    expect(readBase(dir)?.epoch).toBe(2);

    // On day 29, call records of the days before day 23 go with the files; sums and the rest stay.
    const before_day = utcDay(START_MS + 23 * DAY_MS);
    const kept = before.usage.filter((row) => (row as { day: string }).day >= before_day);
    const check = async (): Promise<void> => {
      const { usage, usage_days, budget_days, open_calls, kills, entities } = await dumpTables(driver, 'n1');
      expect({ ...before, usage: kept }).toMatchObject({ usage, usage_days, budget_days, open_calls, kills, entities });
    };
    await check();
    expect(kept.length).toBeGreaterThan(0);
    await projector.rebuild('test');
    await projector.catchUp(WHOLE_JOURNAL);
    await check();

    // With the tables lost, the base and the files that are left still give everything but the removed call records.
    const empty = await openTables(':memory:');
    const later = await projectorOf(dir, empty);
    await later.catchUp(WHOLE_JOURNAL);
    expect(await dumpTables(empty, 'n1')).toEqual(dumpJournal(dir));
    const { open_calls, kills, entities } = before;
    expect(await dumpTables(empty, 'n1')).toMatchObject({ open_calls, kills, entities });
  });

  it('never removes the current file, nor one that the tables do not hold, nor anything with retention 0', async () => {
    const { dir, driver, projector } = await filled();
    const now_ms = START_MS + 42 * DAY_MS;
    const all = { projector, driver, now_ms, elapsed_ms: DAY_MS, retain_days: 1, current_epoch: 5 };
    expect(await applyRetention(all)).toMatchObject({ removed_files: 0 });
    await projector.catchUp({ epoch: 3, valid_bytes: statSync(filePath(dir, 3)).size });
    expect(await applyRetention({ ...all, retain_days: 0 })).toMatchObject({ removed_files: 0 });
    expect(epochs(dir)).toEqual([1, 2, 3, 4, 5]);
    expect(await applyRetention(all)).toMatchObject({ removed_files: 2 });
    await projector.catchUp(WHOLE_JOURNAL);
    expect(await applyRetention(all)).toMatchObject({ removed_files: 2 });
    expect(epochs(dir)).toEqual([5]);
    const next = openJournal(journalOptions(dir));
    expect(next.epoch).toBe(6);
    await next.close();
    await projector.catchUp(WHOLE_JOURNAL);
    expect(projector.cursor.epoch).toBe(6);
  });

  it('finishes what an earlier pass left when it was killed', async () => {
    const { dir, driver, projector } = await filled();
    await projector.catchUp(WHOLE_JOURNAL);
    const bytes = readFileSync(filePath(dir, 1));
    const now_ms = START_MS + 29 * DAY_MS;
    const options = { projector, driver, now_ms, elapsed_ms: 0, retain_days: 15, current_epoch: 5 };
    await applyRetention(options);
    writeFileSync(filePath(dir, 1), bytes);
    expect(verifyJournal(dir).ok).toBe(true);
    const again = await projectorOf(dir, driver);
    await again.catchUp(WHOLE_JOURNAL);
    expect(again.rebuilt).toBeUndefined();
    await applyRetention(options);
    expect(epochs(dir)).toEqual([2, 3, 4, 5]);
  });
});
