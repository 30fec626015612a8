import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { describe, expect, it } from 'vitest';
import { believedTime } from '../../src/journal/believed-time.ts';
import {
  applyRetention,
  type JournalIo,
  listFiles,
  NODE_IO,
  openJournal,
  Projector,
  readBase,
  type RetentionOptions,
  verifyJournal,
  WHOLE_JOURNAL,
} from '../../src/journal/index.ts';
import type { SqlDriver } from '../../src/sql/index.ts';
import { dumpTables } from '../sql/support/dump.ts';
import { journalOptions, tempDirs, tickingClock } from './support/helpers.ts';
import { openTables } from './support/tables.ts';

const tempDir = tempDirs();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = 1_790_000_000_000;

async function writeEpoch(dir: string, events: readonly RouterEvent[], now_ms: number): Promise<void> {
  const journal = openJournal(journalOptions(dir, { clock: tickingClock(now_ms) }));
  for (const event of events) journal.append(event);
  await journal.close();
}

/** A journal with an epoch on each of these days (from `START_MS`), and tables that hold it. */
async function filled(
  ...days: readonly number[]
): Promise<{ dir: string } & Pick<RetentionOptions, 'projector' | 'driver'>> {
  const dir = tempDir();
  for (const [i, day] of days.entries()) {
    const start_ms = START_MS + day * DAY_MS;
    await writeEpoch(
      dir,
      sampleStream(i + 1, 60, start_ms).map(({ event }) => event),
      start_ms,
    );
  }
  const driver = await openTables(':memory:');
  const projector = await Projector.open({ dir, node_id: 'n1', driver });
  await projector.catchUp(WHOLE_JOURNAL);
  return { dir, driver, projector };
}

/** The tables, without the keys that are over at `now_ms`. */
async function kept(driver: SqlDriver, now_ms: number): ReturnType<typeof dumpTables> {
  const dump = await dumpTables(driver, 'n1');
  return { ...dump, claims: dump.claims.filter((claim) => (claim as { expires_ms: number }).expires_ms > now_ms) };
}

const epochs = (dir: string): number[] => listFiles(dir).map((file) => file.epoch);

describe('a clock that is wrong', () => {
  it('costs nothing when it is far ahead for a while, also in the first pass of all', async () => {
    for (const earlier_passes of [0, 1]) {
      const { dir, driver, projector } = await filled(0, 1, 2);
      const pass = { projector, driver, elapsed_ms: 0, retain_days: 7, current_epoch: 4 };
      const true_ms = START_MS + 3 * DAY_MS;
      for (let n = 0; n < earlier_passes; n += 1) await applyRetention({ ...pass, now_ms: true_ms });
      const before = await kept(driver, true_ms);
      const false_ms = true_ms + 20 * DAY_MS;
      for (const now_ms of [false_ms, false_ms + 1_000]) {
        const { believed_ms = 0, ...result } = await applyRetention({ ...pass, now_ms });
        expect(result).toEqual({ removed_files: 0, more: false });
        expect(believed_ms).toBeLessThanOrEqual(true_ms);
      }
      expect(await kept(driver, true_ms)).toEqual(before);
      expect(epochs(dir)).toEqual([1, 2, 3]);
      // Set right, it is believed at once.
      expect(await applyRetention({ ...pass, now_ms: true_ms })).toMatchObject({ believed_ms: true_ms });
    }
  });

  it('is followed a day in each hour when it stays, as after a long pause', async () => {
    const { dir, driver, projector } = await filled(0, 1, 2);
    const pass = { projector, driver, retain_days: 7, current_epoch: 4 };
    await applyRetention({ ...pass, now_ms: START_MS + 2 * DAY_MS, elapsed_ms: 0 });
    const now_ms = START_MS + 30 * DAY_MS;
    const removed: number[] = [];
    for (let hour = 1; hour <= 28; hour += 1) {
      const result = await applyRetention({ ...pass, now_ms, elapsed_ms: HOUR_MS });
      expect(result.believed_ms).toBe(START_MS + (hour < 26 ? 2 + hour : 30) * DAY_MS);
      removed.push(result.removed_files);
    }
    // Epoch 1 ended on day 1 and goes after 7 more, epoch 2 a day later; 3 is not followed by another.
    expect(removed.map((count, i) => (count > 0 ? i + 1 : 0)).filter((hour) => hour > 0)).toEqual([7, 8]);
    expect(epochs(dir)).toEqual([3]);
  });

  it('removes nothing before it was set, nor files that were followed by one of such a time', async () => {
    const { dir, driver, projector } = await filled(0);
    await writeEpoch(dir, [], 60_000);
    await writeEpoch(dir, [], START_MS + DAY_MS);
    await projector.catchUp(WHOLE_JOURNAL);
    const pass = { projector, driver, elapsed_ms: 0, retain_days: 7, current_epoch: 4 };
    expect(await applyRetention({ ...pass, now_ms: 120_000 })).toEqual({ removed_files: 0, more: false });
    expect(await projector.projection.believedTime()).toBeUndefined();
    expect(await applyRetention({ ...pass, now_ms: START_MS + DAY_MS })).toMatchObject({ removed_files: 0 });
    expect(epochs(dir)).toEqual([1, 2, 3]);
  });

  it('is believed by these rules', () => {
    const known_ms = START_MS;
    expect(believedTime(undefined, known_ms, 0)).toBe(known_ms);
    expect(believedTime(undefined, 0, 0)).toBeUndefined();
    expect(believedTime(known_ms, known_ms - 5 * DAY_MS, 0)).toBe(known_ms - 5 * DAY_MS);
    expect(believedTime(known_ms, known_ms + 3 * DAY_MS, 0)).toBe(known_ms + 3 * DAY_MS);
    expect(believedTime(known_ms, known_ms + 3 * DAY_MS + 1, 0)).toBe(known_ms);
    expect(believedTime(known_ms, known_ms + 9 * DAY_MS, HOUR_MS)).toBe(known_ms + DAY_MS);
    expect(believedTime(known_ms, known_ms + 9 * DAY_MS, DAY_MS)).toBe(known_ms + 9 * DAY_MS);
  });
});

describe('the base', () => {
  const due = { now_ms: START_MS + 30 * DAY_MS, elapsed_ms: 100 * DAY_MS, retain_days: 7, current_epoch: 4 };

  it('is written to its last byte by a disk that takes little at a time', async () => {
    const { dir, driver, projector } = await filled(0, 1, 2);
    const io: JournalIo = { ...NODE_IO, write: (fd, bytes, at) => NODE_IO.write(fd, bytes.subarray(0, 100), at) };
    expect(await applyRetention({ ...due, projector, driver, io })).toMatchObject({ removed_files: 2 });
    expect(readBase(dir)?.epoch).toBe(2);
    expect(verifyJournal(dir).ok).toBe(true);
  });

  it('stays what it was, and the files with it, when the disk is full or does not keep what it took', async () => {
    const { dir, driver, projector } = await filled(0, 1, 2);
    const fail = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });
    let written = 0;
    const full: JournalIo = {
      ...NODE_IO,
      write(fd, bytes, at) {
        if (written > 0) throw fail('ENOSPC');
        written += 200;
        return NODE_IO.write(fd, bytes.subarray(0, 200), at);
      },
    };
    const forgetful: JournalIo = {
      ...NODE_IO,
      write(fd, bytes, at) {
        NODE_IO.write(fd, bytes.subarray(1), at);
        return bytes.length;
      },
    };
    const broken: JournalIo = {
      ...NODE_IO,
      syncFileNow() {
        throw fail('EIO');
      },
    };
    for (const io of [full, forgetful, broken]) {
      await expect(applyRetention({ ...due, projector, driver, io })).rejects.toThrow(/ENOSPC|reads back|EIO/);
      expect(readdirSync(dir).sort()).toEqual(['00000001.atpj', '00000002.atpj', '00000003.atpj']);
    }
    expect(await applyRetention({ ...due, projector, driver })).toMatchObject({ removed_files: 2 });
    const base = readFileSync(join(dir, 'base.json'), 'utf8');
    await writeEpoch(dir, [], START_MS + 10 * DAY_MS);
    await writeEpoch(dir, [], START_MS + 11 * DAY_MS);
    await projector.catchUp(WHOLE_JOURNAL);
    written = 0;
    const next = { ...due, current_epoch: 5, projector, driver };
    await expect(applyRetention({ ...next, io: full })).rejects.toThrow('ENOSPC');
    expect(readFileSync(join(dir, 'base.json'), 'utf8')).toBe(base);
    expect(existsSync(join(dir, 'base.json.tmp'))).toBe(false);
    expect(verifyJournal(dir).ok).toBe(true);
  });
});
