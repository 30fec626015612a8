// Points git at the committed hooks. Runs on `npm install`; silently does nothing outside a git checkout
// (for example when the tree came as an archive).
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

if (existsSync('.git') && !process.env.CI) {
  try {
    execFileSync('git', ['config', 'core.hooksPath', '.githooks'], { stdio: 'ignore' });
  } catch {
    // No git on this machine: hooks are a convenience, not a requirement.
  }
}
