import { completeLock, type Lock, missingOptional } from '../../scripts/complete-lock.ts';
import type { Rule } from '../tree.ts';

const LOCK = 'package-lock.json';
const incomplete: Lock = {
  packages: {
    'node_modules/tool': { version: '1.0.0', optionalDependencies: { '@tool/cli-linux-arm64-musl': '1.0.0' } },
  },
};

export const completeLockFile: Rule = {
  name: 'complete-lock',
  why: 'npm ci refuses a lock that lacks an optional package of another platform: run `npm run lock`.',
  check: (tree) =>
    tree.files.includes(LOCK)
      ? missingOptional(JSON.parse(tree.text(LOCK)) as Lock).map(({ name }) => ({
          path: LOCK,
          line: 0,
          message: `no entry for ${name}`,
        }))
      : [],
  planted: [{ at: LOCK, files: { [LOCK]: JSON.stringify(incomplete) } }],
  clean: { [LOCK]: JSON.stringify(completeLock(incomplete)) },
};
