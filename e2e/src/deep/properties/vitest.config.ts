import { fileURLToPath } from 'node:url';
import { mergeConfig, type ViteUserConfig } from 'vitest/config';
import base from '../../../../vitest.config.ts';

const HOUR_MS = 3_600_000;

/** The property tests with the fast-check of this folder. */
const config: ViteUserConfig = mergeConfig(base, {
  root: fileURLToPath(new URL('../../../..', import.meta.url)),
  resolve: {
    alias: [{ find: /^fast-check$/, replacement: fileURLToPath(new URL('./fast-check.ts', import.meta.url)) }],
  },
  test: { testTimeout: HOUR_MS },
});
export default config;
