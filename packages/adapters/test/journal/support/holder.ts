// A process that locks a data directory and lives until it is killed.
import { writeSync } from 'node:fs';
import { lockDataDir } from '../../../src/journal/index.ts';

lockDataDir(process.argv[2] ?? '');
writeSync(1, 'locked\n');
setInterval(() => undefined, 1_000);
