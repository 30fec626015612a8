import assert from 'node:assert/strict';
import type { AtpError } from '@atp-router/kernel';
import { isJournaled, type RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import type { SuiteCase } from './suite.ts';

/** What every log of events has: the journal, and whatever stands before it. */
export interface AppendLog {
  /** Why nothing can be written now, if it is known. */
  readonly failure: AtpError | undefined;
  append(event: RouterEvent): unknown;
  barrier(done: (error?: AtpError) => void): void;
}

/** An empty log, and what a case has to do to it and know of it. */
export interface LogBench {
  readonly log: AppendLog;
  /** What another reader finds written at this moment, in order: from the file, or by the implementation's own reading. */
  written(): Promise<readonly RouterEvent[]>;
  /** From now on nothing can be written. */
  fail(): void;
  /** Ends the log. Each case does so at last; a second time does nothing. */
  close(): Promise<void>;
}

export type MakeLog<T> = () => Promise<T>;

/** More than a hundred events of a busy router, the same each time; not all of their text is ASCII. */
const EVENTS: readonly RouterEvent[] = sampleStream(5, 120)
  .map(({ event }) => event)
  .filter(({ type }) => isJournaled(type));

/** What every log has to do, whatever it writes to and however late. */
export function eventLogSuite(make: MakeLog<LogBench>): SuiteCase[] {
  return [...keeping(make), ...failing(make)];
}

function keeping(make: MakeLog<LogBench>): SuiteCase[] {
  return [
    logCase('writes what was appended, whole and in order', make, async (bench) => {
      append(bench, EVENTS);
      assert.equal(await outcome(bench.log), undefined);
      await assertWritten(bench, EVENTS.length);
      for (const event of EVENTS.slice(0, 10)) {
        append(bench, [event]);
        await outcome(bench.log);
      }
      assert.deepEqual(await seen(bench), plain([...EVENTS, ...EVENTS.slice(0, 10)]));
    }),
    logCase('passes each barrier once, in order, when everything before it is written', make, async (bench) => {
      const passed: number[] = [];
      const readings: Promise<unknown[]>[] = [];
      const list = EVENTS.slice(0, 20);
      await new Promise<void>((resolve) => {
        for (const [i, event] of list.entries()) {
          append(bench, [event]);
          bench.log.barrier(() => {
            passed.push(i);
            readings.push(seen(bench));
            if (i === list.length - 1) resolve();
          });
        }
      });
      assert.deepEqual(passed, [...list.keys()]);
      for (const [i, reading] of (await Promise.all(readings)).entries()) {
        assert.deepEqual(reading.slice(0, i + 1), plain(list.slice(0, i + 1)));
      }
    }),
    logCase('passes a barrier that has nothing to wait for', make, async (bench) => {
      assert.equal(await outcome(bench.log), undefined);
      append(bench, EVENTS.slice(0, 1));
      assert.equal(await outcome(bench.log), undefined);
      assert.equal(await outcome(bench.log), undefined);
      await assertWritten(bench, 1);
    }),
    logCase('takes more from whoever was just let through', make, async (bench) => {
      await new Promise<void>((resolve) => {
        const next = (i: number): void => {
          if (i === 10) resolve();
          else {
            append(bench, EVENTS.slice(i, i + 1));
            bench.log.barrier(() => next(i + 1));
          }
        };
        next(0);
      });
      await assertWritten(bench, 10);
    }),
  ];
}

function failing(make: MakeLog<LogBench>): SuiteCase[] {
  return [
    logCase('tells everybody who waits, and whoever comes later, why it cannot write', make, async (bench) => {
      const before = bench.log.failure;
      assert.equal(before, undefined);
      bench.fail();
      const errors = await Promise.all(EVENTS.slice(0, 5).map((event) => appended(bench, event)));
      const { failure } = bench.log;
      assert.ok(failure !== undefined);
      errors.push(await outcome(bench.log), await appended(bench, EVENTS[5]), bench.log.failure);
      for (const error of errors) {
        assert.deepEqual([error?.code, error?.message], [failure.code, failure.message]);
      }
    }),
    logCase('keeps what it had written, and goes on taking events', make, async (bench) => {
      append(bench, EVENTS.slice(0, 10));
      assert.equal(await outcome(bench.log), undefined);
      bench.fail();
      append(bench, EVENTS.slice(10, 20));
      assert.ok((await outcome(bench.log)) !== undefined);
      append(bench, EVENTS.slice(20, 30));
      assert.ok((await outcome(bench.log)) !== undefined);
      const found = await seen(bench);
      assert.ok(found.length >= 10);
      assert.deepEqual(found, plain(EVENTS.slice(0, found.length)));
    }),
  ];
}

/** One `LogBench` case, which closes its log. */
export function logCase<T extends LogBench>(
  name: string,
  make: MakeLog<T>,
  check: (bench: T) => Promise<void>,
): SuiteCase {
  return {
    name,
    async run() {
      const bench = await make();
      try {
        await check(bench);
      } finally {
        await bench.close();
      }
    },
  };
}

/** Appends the first `count` of the events that the cases use, or those from `from` on. */
export function appendSample(bench: LogBench, count: number, from: number = 0): void {
  append(bench, EVENTS.slice(from, from + count));
}

/** The first `count` events of the sample are there, and nothing else. */
export async function assertWritten(bench: LogBench, count: number): Promise<void> {
  assert.deepEqual(await seen(bench), plain(EVENTS.slice(0, count)));
}

/** What a barrier is told. */
export function outcome(log: AppendLog): Promise<AtpError | undefined> {
  return new Promise((resolve) => {
    log.barrier(resolve);
  });
}

function append({ log }: LogBench, events: readonly RouterEvent[]): void {
  for (const event of events) log.append(event);
}

function appended(bench: LogBench, event: RouterEvent | undefined): Promise<AtpError | undefined> {
  if (event !== undefined) bench.log.append(event);
  return outcome(bench.log);
}

async function seen(bench: LogBench): Promise<unknown[]> {
  return plain(await bench.written());
}

/** As a text keeps them: without fields that are undefined. */
function plain(events: readonly RouterEvent[]): unknown[] {
  return events.map((event): unknown => JSON.parse(JSON.stringify(event)));
}
