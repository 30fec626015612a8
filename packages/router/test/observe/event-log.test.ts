import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JournalIo, listFiles, NODE_IO, openJournal, scanFile, systemClock } from '@atp-router/adapters';
import {
  eventLogSuite,
  type JournalBench,
  journalSuite,
  type LogBench,
  type SuiteCase,
} from '@atp-router/adapters/suites';
import { AtpError, seededRng } from '@atp-router/kernel';
import { parseRecords, type RouterEvent } from '@atp-router/ledger';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import type { EventLog } from '../../src/engine/ports.ts';
import { EventBus } from '../../src/observe/event-bus.ts';
import { SlowJournal } from '../admin/slow-journal.ts';
import { Draw } from '@atp-router/kernel/testing';
import { FakeLog } from '../engine/support/fake-log.ts';
import { VirtualTime } from '../engine/support/virtual-time.ts';

const made: string[] = [];

function run(title: string, cases: readonly SuiteCase[]): void {
  describe(title, () => {
    for (const { name, run: check } of cases) it(name, check);
  });
}

function eventsIn(dir: string): RouterEvent[] {
  const events: RouterEvent[] = [];
  for (const { path } of listFiles(dir)) {
    for (const block of scanFile(path)) {
      for (const { v: _v, seq: _seq, ts_ms: _ts, ...event } of parseRecords(block).records) {
        events.push(event as RouterEvent);
      }
    }
  }
  return events;
}

/** The bus as a router has it, over a file on a disk that can be full. */
function busOverFile(): JournalBench {
  const dir = mkdtempSync(join(tmpdir(), 'atp-bus-'));
  made.push(dir);
  let is_full = false;
  const io: JournalIo = {
    ...NODE_IO,
    write(fd, bytes, position) {
      if (is_full) throw Object.assign(new Error('ENOSPC: simulated'), { code: 'ENOSPC' });
      return NODE_IO.write(fd, bytes, position);
    },
  };
  const options = { fsync: 'never', fsync_interval_ms: 10, segment_bytes: 1 << 26 } as const;
  const journal = openJournal({ dir, node_id: 'n1', clock: systemClock, io, ...options });
  const bus = new EventBus(journal);
  bus.listen(() => undefined);
  return {
    log: bus,
    written: async () => eventsIn(dir),
    fail() {
      is_full = true;
    },
    async mend() {
      is_full = false;
      vi.advanceTimersByTime(1_000);
    },
    blocks: () => journal.stats().blocks_total,
    close: () => journal.close(),
  };
}

/** A log that writes nothing by itself: `pass` writes what is due, once after each turn in which somebody began to wait. */
function driven(log: EventLog, pass: () => void): EventLog {
  let is_due = false;
  return {
    get failure() {
      return log.failure;
    },
    append: (event) => log.append(event),
    barrier(done) {
      log.barrier(done);
      if (is_due) return;
      is_due = true;
      setImmediate(() => {
        is_due = false;
        pass();
      });
    },
  };
}

/** The bus over the journal whose writes a test ends. */
function busOverSlow(): LogBench {
  const journal = new SlowJournal();
  let error: AtpError | undefined;
  const write = (): void => void journal.end(error);
  return {
    log: driven(new EventBus(journal), write),
    written: async () => journal.written,
    fail() {
      error = new AtpError('internal_error', 'The disk is full.');
    },
    close: async () => undefined,
  };
}

/** The log of the engine's histories. */
function fakeLog(delay_ms: number): LogBench {
  const rng = seededRng(3);
  const time = new VirtualTime(rng, systemClock.now_ms());
  const behaviour = { delay_ms, broken_from_ms: Number.POSITIVE_INFINITY };
  const log = new FakeLog(time, new Draw(rng), behaviour);
  const pass = (): void => {
    while (time.step());
  };
  return {
    log: driven(log, pass),
    written: async () => log.events.slice(0, log.events.findLastIndex((event) => log.isWritten(event)) + 1),
    fail() {
      behaviour.broken_from_ms = time.mono_ms();
    },
    close: async () => undefined,
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

run(
  'the bus over a file',
  journalSuite(async () => busOverFile()),
);
run(
  'the bus over a journal that a test drives',
  eventLogSuite(async () => busOverSlow()),
);
for (const delay_ms of [0, 20]) {
  run(
    `the log of histories, ${delay_ms} ms late`,
    eventLogSuite(async () => fakeLog(delay_ms)),
  );
}
