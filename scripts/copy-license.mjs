// Puts the licence beside the code that each package publishes: npm packs a LICENSE only from the package's own folder, and
// the licence asks that every recipient gets a copy. The copies are not committed.
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  if (existsSync(join(folder, 'package.json'))) copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}
