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
import { journalOptions, tempDirs } from './support/helpers.ts';
import { dumpJournal, openTables } from './support/tables.ts';

const tempDir = tempDirs();
const SCRIPT = new URL('../../src/journal/worker.ts', import.meta.url);

function startWorker(input: WorkerInput): Worker {
  return new Worker(SCRIPT, { workerData: input, execArgv: ['--conditions=atp-source'] });
}

async function nextMessage(worker: Worker): Promise<FromWorker> {
  const [message] = (await once(worker, 'message')) as [FromWorker];
  return message;
}

it('gives exactly the tables of the journal, wherever the projection was killed', async () => {
  const data_dir = tempDir();
  const dir = join(data_dir, 'journal');
  const path = join(data_dir, 'atp.sqlite');
  const rng = seededRng(11);
  const journal = openJournal(journalOptions(dir));
  for (const [i, { event }] of sampleStream(11, 4_000).entries()) {
    journal.append(event);
    if (i % 9 === 0) journal.flushNow();
  }
  await journal.close();
  const bytes = statSync(filePath(dir, 1)).size;
  const input = { dir, node_id: 'n1', day: '2026-09-21', now_ms: 0, batch_records: 25 };
  const store = { type: 'sqlite', path } as const;
  const positions: number[] = [];
  for (let kill = 0; kill < 8; kill += 1) {
    const worker = startWorker({ ...input, store, limit: { epoch: 1, valid_bytes: bytes } });
    // Killed at the first sight of a certain position, seen from outside; the thread itself is then anywhere.
    const driver = await openTables(path);
    const goal = randomInt(rng, kill * 300, (kill + 1) * 350);
    const ready = nextMessage(worker).then(({ kind }) => kind);
    let seq = 0;
    do {
      const [row] = await driver.query('SELECT seq FROM journal_position');
      seq = Number(row?.['seq'] ?? 0);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (seq < goal && (await Promise.race([ready, undefined])) === undefined);
    await worker.terminate();
    positions.push(seq);
    await driver.close();
  }
  expect(positions.filter((seq) => seq > 0 && seq < 4_000).length).toBeGreaterThan(3);
  const last = startWorker({ ...input, store, limit: { epoch: 1, valid_bytes: bytes } });
  expect((await nextMessage(last)).kind).toBe('ready');
  last.postMessage({ kind: 'close', limit: { epoch: 1, valid_bytes: bytes } } satisfies ToWorker);
  expect((await nextMessage(last)).kind).toBe('closed');
  const driver = await openTables(path);
  expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
  await driver.close();
});
