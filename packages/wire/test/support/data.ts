import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Public test data that is not kept in the repository: in the folder `ATP_TEST_DATA`, or in `shared/data` beside the
 * repository. What needs a file that is in neither is not run; the samples in the tests themselves always are.
 */
export function dataFile(path: string): string | undefined {
  const beside = resolve(import.meta.dirname, '../../../../../shared/data');
  const folders = [process.env['ATP_TEST_DATA'] ?? beside, beside];
  return folders.map((folder) => join(folder, path)).find((file) => existsSync(file));
}
