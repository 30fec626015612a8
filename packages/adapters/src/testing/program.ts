import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What tests start as `atp`. */
export function programPath(): string {
  return bundledPath('main', new URL('../../../cli/src/main.ts', import.meta.url));
}

/** The few files that were made of a program and all that it imports before the tests ran; without them the program itself. */
export function bundledPath(name: string, source: URL): string {
  const folder = process.env['ATP_TEST_BUNDLES'];
  return folder === undefined ? fileURLToPath(source) : join(folder, `${name}.js`);
}
