import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { type JournalOptions, openJournal } from '../../src/journal/index.ts';
import { eventLogSuite, type JournalBench, journalSuite, type SuiteCase } from '../../src/suites/index.ts';
import { journalOptions, readEvents, tempDirs } from './support/helpers.ts';
import { type TestDisk, testDisk } from './support/test-disk.ts';

const tempDir = tempDirs();

/** A journal on a disk that `fail` fills and `mend` empties. */
function bench(options: Partial<JournalOptions>, fail: (disk: TestDisk) => void = fill): JournalBench {
  const dir = tempDir();
  const disk = testDisk();
  const journal = openJournal(journalOptions(dir, { io: disk, ...options }));
  return {
    log: journal,
    written: async () => readEvents(dir),
    fail: () => fail(disk),
    async mend() {
      disk.free_bytes = Number.POSITIVE_INFINITY;
      vi.advanceTimersByTime(1_000);
    },
    blocks: () => journal.stats().blocks_total,
    close: () => journal.close(),
  };
}

function fill(disk: TestDisk): void {
  disk.free_bytes = 0;
}

function breakWrites(disk: TestDisk): void {
  disk.free_bytes = 0;
  disk.write_error = 'EIO';
}

function breakSyncs(disk: TestDisk): void {
  disk.syncFile = (_fd, done) => setImmediate(() => done(Object.assign(new Error('EIO: simulated'), { code: 'EIO' })));
}

function run(title: string, cases: readonly SuiteCase[]): void {
  describe(title, () => {
    for (const { name, run: check } of cases) it(name, check);
  });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

for (const fsync of ['never', 'interval', 'always'] as const) {
  run(
    `a file with fsync: ${fsync}`,
    journalSuite(async () => bench({ fsync })),
  );
}
run(
  'files of a few records each',
  journalSuite(async () => bench({ segment_bytes: 4_000 })),
);
run(
  'a disk that breaks for good',
  eventLogSuite(async () => bench({}, breakWrites)),
);
run(
  'a disk whose fdatasync fails',
  eventLogSuite(async () => bench({ fsync: 'always' }, breakSyncs)),
);
