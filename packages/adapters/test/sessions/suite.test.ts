import { join } from 'node:path';
import { describe, it } from 'vitest';
import { memorySessionStore, type SessionMemory } from '../../src/sessions/index.ts';
import { sessionStoreSuite } from '../../src/suites/index.ts';
import { fileStore, tempDir } from './support/stores.ts';

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
