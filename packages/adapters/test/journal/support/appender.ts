// A process that appends a seeded stream, says after each barrier which record is acknowledged, and is killed by
// SIGKILL around its n-th write to the journal: before it, in the middle of its bytes, or right after it.
import { writeSync } from 'node:fs';
import { sampleStream } from '@atp-router/ledger/testing';
import { type JournalIo, NODE_IO, openJournal } from '../../../src/journal/index.ts';

const [dir = '', seed = '1', fsync = 'never', kill_at = '1', phase = 'before'] = process.argv.slice(2);
let writes = 0;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive');
}

const io: JournalIo = {
  ...NODE_IO,
  write(fd, bytes, position) {
    writes += 1;
    if (writes < Number(kill_at)) return NODE_IO.write(fd, bytes, position);
    if (phase === 'middle') NODE_IO.write(fd, bytes.subarray(0, Math.floor(bytes.length / 2)), position);
    if (phase === 'after') NODE_IO.write(fd, bytes, position);
    return die();
  },
};

const events = sampleStream(Number(seed), 2_000).map(({ event }) => event);
const journal = openJournal({
  dir,
  node_id: 'n1',
  clock: { now_ms: () => Date.now(), mono_ms: () => performance.now() },
  fsync: fsync as 'always' | 'never',
  fsync_interval_ms: 10,
  segment_bytes: 60_000,
  io,
});

let next = 0;
function turn(): void {
  const epoch = journal.epoch;
  let seq = 0;
  for (let i = 0; i < 1 + (next % 7); i += 1) {
    const event = events[next % events.length];
    next += 1;
    if (event !== undefined) seq = journal.append(event);
  }
  journal.barrier((error) => {
    if (error !== undefined) throw error;
    writeSync(1, `${epoch} ${seq}\n`);
    setImmediate(turn);
  });
}
turn();
