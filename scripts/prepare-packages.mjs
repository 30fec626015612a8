// Before a build for publishing: removes what an earlier build left (tsc neither deletes the output of a deleted source
// nor notices that an output was deleted), and puts the licence beside each package, because npm packs a LICENSE only from
// the package's own folder. Neither dist nor the copies are committed.
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  if (!existsSync(join(folder, 'package.json'))) continue;
  for (const output of ['dist', 'tsconfig.build.tsbuildinfo'])
    rmSync(join(folder, output), { recursive: true, force: true });
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
}
