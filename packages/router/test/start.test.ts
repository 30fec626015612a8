import { createRouter } from '@atp-router/router';
import { expect, test } from 'vitest';
import { configOf, dataDir, NO_SOURCES, start } from './admin/harness.ts';

test('a start that fails leaves the data directory to the next one', async () => {
  const config = configOf(dataDir());
  const broken = {
    ...{ config, version: '1.2.3', sources: NO_SOURCES },
    // Read in the middle of the start, after the ledger has been opened.
    get stages(): never {
      throw new Error('no stages today');
    },
  };
  await expect(createRouter(broken)).rejects.toThrow('no stages today');
  const running = await start({ config });
  expect((await running.chat({})).status).toBe(200);
  await running.stop();
});
