import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));
const HAS_GO = spawnSync('go', ['version']).status === 0;

function go(...args: string[]): void {
  execFileSync('go', args, { cwd: NATIVE, stdio: ['ignore', 'inherit', 'inherit'] });
}

test.skipIf(!HAS_GO)('the load tools pass their own tests', { timeout: 300_000 }, () => {
  go('vet', './...');
  go('test', './...');
});
