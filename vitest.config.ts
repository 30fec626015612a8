import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Workers and the processes that tests start read the same sources hundreds of times: each is compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.cache/compile');

// Workspace packages are resolved to their TypeScript sources by the `atp-source` condition, so tests never see a stale build.
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ['atp-source'] },
  ssr: { resolve: { conditions: ['atp-source'], externalConditions: ['atp-source'] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'e2e/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'conformance/test/**/*.test.ts',
      'tidy/**/*.test.ts',
    ],
    environment: 'node',
    execArgv: ['--conditions=atp-source'],
    // Half of the files wait for processes they started, so one worker more than there are cores keeps them busy.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
export default config;
