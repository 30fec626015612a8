import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Workers and the processes that tests start read the same sources hundreds of times: each is compiled once.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '.cache/compile');

/**
 * A router in a test starts its threads from the few files of `scripts/bundle-program.ts`, too: from a hundred sources that
 * is half of what such a test takes. While somebody watches, from the sources.
 */
const bundledThreads = {
  name: 'bundled-threads',
  enforce: 'pre' as const,
  transform(code: string, id: string): string | undefined {
    const found = THREADS.find(({ starter }) => id.endsWith(starter));
    const folder = process.env['ATP_TEST_BUNDLES'];
    if (found === undefined || folder === undefined) return undefined;
    const from = `'./${found.thread}.ts'`;
    if (!code.includes(from)) throw new Error(`${id} does not start ${from}: this plugin has to follow`);
    return code.replace(from, JSON.stringify(pathToFileURL(join(folder, `${found.thread}.js`)).href));
  },
};
const THREADS = [
  { starter: '/src/journal/worker-client.ts', thread: 'journal-worker' },
  { starter: '/src/sessions/sqlite.ts', thread: 'sessions-worker' },
];

// Workspace packages are resolved to their TypeScript sources by the `atp-source` condition, so tests never see a stale build.
const config: ViteUserConfig = defineConfig({
  plugins: [bundledThreads],
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
    globalSetup: ['scripts/bundle-program.ts'],
    // Modules hold no state that changes (a rule of this code), so files of one worker share them instead of loading them again.
    isolate: false,
    execArgv: ['--conditions=atp-source'],
    // Half of the files wait for processes they started, so one worker more than there are cores keeps them busy.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
export default config;
