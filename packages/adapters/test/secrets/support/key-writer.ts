// A process that writes a long local admin key and says how that went.
import { writeSync } from 'node:fs';
import { writeLocalAdminKey } from '../../../src/secrets/index.ts';

function attempt(): string {
  try {
    writeLocalAdminKey(process.argv[2] ?? '', 'x'.repeat(5_000));
    return 'written';
  } catch (error) {
    return error instanceof Error ? error.message : 'refused';
  }
}
writeSync(1, attempt());
