import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { memorySessionStore, type SessionMemory } from '../../src/sessions/index.ts';
import { sessionStoreSuite } from '../../src/suites/index.ts';
import { findValkey, ValkeyServer } from '../../src/testing/index.ts';
import { fileStore, tempDir } from './support/stores.ts';
import { valkeyStore } from './support/valkey-stores.ts';

describe('sessions in memory', () => {
  const cases = sessionStoreSuite(async () => {
    const memory: SessionMemory = new Map();
    return { open: (clock, limits) => memorySessionStore(clock, memory, limits) };
  });
  for (const { name, run } of cases) it(name, run);
});

describe('sessions in a file', () => {
  const cases = sessionStoreSuite(async () => {
    const path = join(tempDir(), 'sessions.sqlite');
    return { open: (clock, limits) => fileStore(path, { clock, ...(limits && { limits }) }).store };
  });
  for (const { name, run } of cases) it(name, run);
});

describe.skipIf(findValkey() === undefined)('sessions on a server of Valkey or Redis', () => {
  let server: ValkeyServer;
  let benches = 0;
  beforeAll(async () => {
    server = await ValkeyServer.start();
  });
  afterAll(() => server.stop());
  const cases = sessionStoreSuite(async () => {
    benches += 1;
    const prefix = `bench${benches}`;
    return { open: (clock, limits) => valkeyStore(server, { prefix, clock, ...(limits && { limits }) }).store };
  });
  for (const { name, run } of cases) it(name, run);
});
