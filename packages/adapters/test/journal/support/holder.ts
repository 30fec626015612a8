// A process that locks a data directory and lives until it is killed.
import { writeSync } from 'node:fs';
import { lockDataDir } from '../../../src/journal/index.ts';

const lock = lockDataDir(process.argv[2] ?? '');
writeSync(1, 'locked\n');
// A lock that nobody refers to any more is closed, and so given back, by the garbage collector.
setInterval(() => lock, 1_000);
