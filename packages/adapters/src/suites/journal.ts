import assert from 'node:assert/strict';
import {
  appendSample,
  assertWritten,
  eventLogSuite,
  type LogBench,
  logCase,
  type MakeLog,
  outcome,
} from './event-log.ts';
import type { SuiteCase } from './suite.ts';

/** A journal of record, empty. */
export interface JournalBench extends LogBench {
  /** Nothing is in the way of writing any more; resolves when the journal has noticed. */
  mend(): Promise<void>;
  /** How often something was written, as groups of records. */
  blocks(): number;
}

/** What every journal has to do, and a log that stands before one: `eventLogSuite`, and what an account needs beyond it. */
export function journalSuite(make: MakeLog<JournalBench>): SuiteCase[] {
  return [...eventLogSuite(make), ...grouping(make), ...mending(make), ...closing(make)];
}

function grouping(make: MakeLog<JournalBench>): SuiteCase[] {
  return [
    logCase('writes all records of one turn at once, and tells nobody within that turn', make, async (bench) => {
      const before = bench.blocks();
      for (let turn = 1; turn <= 3; turn += 1) {
        let told = 0;
        const last = new Promise<void>((resolve) => {
          for (let i = 0; i < 20; i += 1) {
            appendSample(bench, 1, (turn - 1) * 20 + i);
            bench.log.barrier(() => {
              told += 1;
              if (told === 20) resolve();
            });
          }
        });
        assert.equal(told, 0);
        await last;
        assert.equal(bench.blocks() - before, turn);
      }
      await assertWritten(bench, 60);
    }),
  ];
}

function mending(make: MakeLog<JournalBench>): SuiteCase[] {
  return [
    logCase('writes what came during a failure, in its place, once it can', make, async (bench) => {
      appendSample(bench, 10);
      assert.equal(await outcome(bench.log), undefined);
      bench.fail();
      appendSample(bench, 10, 10);
      assert.ok((await outcome(bench.log)) !== undefined);
      appendSample(bench, 10, 20);
      assert.ok((await outcome(bench.log)) !== undefined);
      await assertWritten(bench, 10);
      await bench.mend();
      assert.equal(bench.log.failure, undefined);
      await assertWritten(bench, 30);
      appendSample(bench, 10, 30);
      assert.equal(await outcome(bench.log), undefined);
      await assertWritten(bench, 40);
    }),
  ];
}

function closing(make: MakeLog<JournalBench>): SuiteCase[] {
  return [
    logCase('loses nothing at its end, and keeps nobody waiting', make, async (bench) => {
      appendSample(bench, 30);
      const waiting = outcome(bench.log);
      appendSample(bench, 20, 30);
      await bench.close();
      assert.equal(await waiting, undefined);
      await assertWritten(bench, 50);
    }),
    logCase('tells whoever waits at its end that it could not write', make, async (bench) => {
      bench.fail();
      appendSample(bench, 10);
      const waiting = outcome(bench.log);
      await bench.close();
      assert.ok((await waiting) !== undefined);
    }),
    logCase('refuses whoever comes after its end, later and not within the call', make, async (bench) => {
      await bench.close();
      let told = false;
      const refused = new Promise((resolve) => {
        bench.log.barrier((error) => {
          told = true;
          resolve(error?.code);
        });
      });
      assert.equal(told, false);
      assert.equal(await refused, 'draining');
    }),
  ];
}
