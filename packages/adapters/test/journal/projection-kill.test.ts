import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { randomInt, seededRng } from '@atp-router/kernel';
import { sampleStream } from '@atp-router/ledger/testing';
import { expect, it } from 'vitest';
import { filePath, openJournal } from '../../src/journal/index.ts';
import type { FromWorker, ToWorker, WorkerInput } from '../../src/journal/worker-protocol.ts';
import { dumpTables } from '../sql/support/dump.ts';
import { journalOptions, linesOf, startChild, tempDirs } from './support/helpers.ts';
import { dumpJournal, openTables } from './support/tables.ts';

const tempDir = tempDirs();

async function writeJournal(dir: string, seed: number): Promise<void> {
  const journal = openJournal(journalOptions(dir));
  for (const [i, { event }] of sampleStream(seed, 2_000).entries()) {
    journal.append(event);
    if (i % 9 === 0) journal.flushNow();
  }
  await journal.close();
}

async function position(path: string): Promise<number> {
  const driver = await openTables(path);
  const [row] = await driver.query('SELECT seq FROM journal_position');
  await driver.close();
  return Number(row?.['seq'] ?? 0);
}

it('gives exactly the tables of the journal, at whatever statement a worker thread ended', async () => {
  const data_dir = tempDir();
  const dir = join(data_dir, 'journal');
  const path = join(data_dir, 'atp.sqlite');
  const rng = seededRng(11);
  await writeJournal(dir, 11);
  const limit = { epoch: 1, valid_bytes: statSync(filePath(dir, 1)).size };
  const store = { type: 'sqlite', path } as const;
  const input: WorkerInput = { dir, node_id: 'n1', store, limit, now_ms: 0, batch_records: 25 };
  const execArgv = ['--conditions=atp-source'];
  for (let kill = 0; kill < 8; kill += 1) {
    const workerData = { ...input, statements: randomInt(rng, 20, 200) };
    const script = new URL('./support/ending-worker.ts', import.meta.url);
    await once(new Worker(script, { workerData, execArgv }), 'exit');
    expect(await position(path)).toBeLessThan(2_000);
  }
  expect(await position(path)).toBeGreaterThan(0);

  const script = new URL('../../src/journal/journal-worker.ts', import.meta.url);
  const last = new Worker(script, { workerData: input, execArgv });
  const kinds: string[] = [];
  last.on('message', (message: FromWorker) => {
    kinds.push(message.kind);
    if (message.kind === 'ready') last.postMessage({ kind: 'close', limit } satisfies ToWorker);
  });
  await once(last, 'exit');
  expect(kinds).toEqual(['ready', 'closed']);
  const driver = await openTables(path);
  expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
  await driver.close();
});

it('gives exactly the tables of the journal, at whatever statement the process was killed', async () => {
  const data_dir = tempDir();
  const dir = join(data_dir, 'journal');
  const path = join(data_dir, 'atp.sqlite');
  const rng = seededRng(12);
  await writeJournal(dir, 12);
  const script = new URL('./support/projecting.ts', import.meta.url);
  for (let kill = 0; kill < 4; kill += 1) {
    const { signal } = await linesOf(startChild(script, [dir, path, String(randomInt(rng, 5, 250))]));
    expect(signal).toBe('SIGKILL');
  }
  expect(await position(path)).toBeGreaterThan(0);
  expect((await linesOf(startChild(script, [dir, path]))).signal).toBeNull();
  const driver = await openTables(path);
  expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
  await driver.close();
});
