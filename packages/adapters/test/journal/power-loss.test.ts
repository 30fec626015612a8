import { fstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { expect, it } from 'vitest';
import {
  filePath,
  type Journal,
  type JournalIo,
  type JournalOptions,
  listFiles,
  NODE_IO,
  openJournal,
  Projector,
  verifyJournal,
  WHOLE_JOURNAL,
} from '../../src/journal/index.ts';
import { journalOptions, tempDirs } from './support/helpers.ts';
import { openTables } from './support/tables.ts';

const tempDir = tempDirs();
const events = sampleStream(5, 300).map(({ event }) => event);

/** A disk that keeps of each file what was synced, and each name at once: the worst that a power loss may leave. */
class CarelessDisk {
  readonly #synced: Map<number, number> = new Map();
  readonly io: JournalIo;

  constructor(before_write: () => void = () => undefined) {
    const keep = (fd: number): (() => void) => {
      const { ino, size } = fstatSync(fd);
      return () => this.#synced.set(ino, size);
    };
    this.io = {
      ...NODE_IO,
      write(fd, bytes, position) {
        before_write();
        return NODE_IO.write(fd, bytes, position);
      },
      syncFile(fd, done) {
        const kept = keep(fd);
        NODE_IO.syncFile(fd, (error) => {
          kept();
          done(error);
        });
      },
      syncFileNow(fd) {
        NODE_IO.syncFileNow(fd);
        keep(fd)();
      },
    };
  }

  /** The journal as the next start finds it when the power fails now. */
  afterPowerLoss(dir: string): string {
    const found = tempDir();
    for (const { epoch, path } of listFiles(dir)) {
      const kept = this.#synced.get(statSync(path).ino) ?? 0;
      writeFileSync(filePath(found, epoch), readFileSync(path).subarray(0, kept));
    }
    return found;
  }
}

async function turn(journal: Journal, some: readonly RouterEvent[]): Promise<void> {
  for (const event of some) journal.append(event);
  await new Promise<void>((resolve, reject) => {
    journal.barrier((error) => (error === undefined ? resolve() : reject(error)));
  });
}

async function rotations(options: JournalOptions, wanted: number): Promise<Journal> {
  const journal = openJournal(options);
  for (let n = 0; journal.epoch <= wanted; n = (n + 3) % 297) await turn(journal, events.slice(n, n + 3));
  return journal;
}

it.each(['always', 'interval', 'never'] as const)(
  'leaves a journal that a router can start on, whenever the power fails around a rotation, with fsync %s',
  async (fsync) => {
    const dir = tempDir();
    const problems: unknown[] = [];
    let states = 0;
    const disk: CarelessDisk = new CarelessDisk(() => {
      const files = listFiles(dir).length;
      if (files < 2) return;
      const { problems: found, torn } = verifyJournal(disk.afterPowerLoss(dir));
      problems.push(...found);
      if (torn === undefined) states += 1;
    });
    const journal = await rotations(journalOptions(dir, { io: disk.io, fsync, segment_bytes: 6_000 }), 3);
    await journal.close();
    expect(problems).toEqual([]);
    expect(states).toBeGreaterThan(5);
    const found = disk.afterPowerLoss(dir);
    await openJournal(journalOptions(found)).close();
    const driver = await openTables(join(found, 'atp.sqlite'));
    const projector = await Projector.open({ dir: found, node_id: 'n1', driver });
    await projector.catchUp(WHOLE_JOURNAL);
    expect(projector.cursor.epoch).toBe(journal.epoch + 1);
    await driver.close();
  },
);

it('has what a killed process wrote on the disk before it goes on behind it', async () => {
  const dir = tempDir();
  const disk = new CarelessDisk();
  const killed = openJournal(journalOptions(dir, { io: disk.io }));
  await turn(killed, events.slice(0, 50));
  const next = openJournal(journalOptions(dir, { io: disk.io }));
  await turn(next, events.slice(50, 60));
  const found = disk.afterPowerLoss(dir);
  expect(verifyJournal(found)).toMatchObject({ ok: true, problems: [] });
  expect(verifyJournal(found).files[0]?.records).toBe(50);
  await next.close();
  await killed.close();
});
