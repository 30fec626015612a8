import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Public test data that is not kept in the repository: in `ATP_DATA_DIR`, or in `shared/data` beside the repository. Tests
 * that need a file are skipped when it is in neither.
 */
export function dataFile(path: string): string | undefined {
  const beside = resolve(import.meta.dirname, '../../../../../shared/data');
  const folders = [process.env['ATP_DATA_DIR'] ?? beside, beside];
  return folders.map((folder) => join(folder, path)).find((file) => existsSync(file));
}

export function skipped(file: string | undefined, path: string): string {
  return file === undefined ? ` (skipped: ${path} is neither in ATP_DATA_DIR nor in ../shared/data)` : '';
}
