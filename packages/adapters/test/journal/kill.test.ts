import { randomInt, seededRng } from '@atp-router/kernel';
import { sampleStream } from '@atp-router/ledger/testing';
import { expect, it } from 'vitest';
import { openJournal, verifyJournal } from '../../src/journal/index.ts';
import { journalOptions, linesOf, readRecords, startChild, tempDirs } from './support/helpers.ts';

const tempDir = tempDirs();
const PHASES = ['before', 'middle', 'after'] as const;

it.each([
  ['never', 1, 6],
  ['always', 2, 3],
] as const)('loses no acknowledged record to kill -9 (fsync %s)', async (fsync, seed, kills) => {
  const dir = tempDir();
  const rng = seededRng(seed);
  const stream = sampleStream(seed, 2_000).map(({ event }) => event);
  let acknowledged = 0;
  for (let i = 0; i < kills; i += 1) {
    const before = readRecords(dir).size;
    const phase = PHASES[i % 3] ?? 'before';
    const kill_at = randomInt(rng, 2, fsync === 'always' ? 40 : 300);
    const child = startChild(new URL('./support/appender.ts', import.meta.url), [
      dir,
      String(seed),
      fsync,
      String(kill_at),
      phase,
    ]);
    const { lines: acks, signal } = await linesOf(child);
    expect(signal).toBe('SIGKILL');

    const journal = openJournal(journalOptions(dir));
    await journal.close();
    if (phase !== 'middle') expect(journal.torn).toBeUndefined();
    acknowledged += acks.length;
    expect(verifyJournal(dir)).toMatchObject({ ok: true, problems: [] });

    const epochs = [...readRecords(dir)].filter(([epoch]) => epoch > before && epoch < journal.epoch);
    const records = epochs.flatMap(([, list]) => list);
    const contents = records.map(({ v: _v, seq: _seq, ts_ms: _ts, ...event }) => event);
    expect(contents).toEqual(contents.map((_, n) => stream[n % stream.length]));
    for (const ack of acks) {
      const [epoch = 0, seq = 0] = ack.split(' ').map(Number);
      expect(epochs.find(([number]) => number === epoch)?.[1].length).toBeGreaterThanOrEqual(seq);
    }
  }
  expect(acknowledged).toBeGreaterThan(kills);
});
