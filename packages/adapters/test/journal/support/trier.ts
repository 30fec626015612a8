// A process that tries to lock a data directory, says whether it could, and ends.
import { writeSync } from 'node:fs';
import { lockDataDir } from '../../../src/journal/index.ts';

function attempt(): string {
  try {
    lockDataDir(process.argv[2] ?? '').release();
    return 'locked';
  } catch (error) {
    return error instanceof Error ? error.message : 'refused';
  }
}
writeSync(1, `${attempt()}\n`);
