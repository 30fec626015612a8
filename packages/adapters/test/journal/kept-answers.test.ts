import type { RouterEvent } from '@atp-router/ledger';
import { expect, it } from 'vitest';
import { idempotencySchema } from '../../src/config/schema-process.ts';
import { openJournal } from '../../src/journal/index.ts';
import { aesGcmSealer } from '../../src/secrets/index.ts';
import { journalOptions, readRecords, tempDirs } from './support/helpers.ts';

const tempDir = tempDirs();

/** What is sealed with an answer: its model and the like. */
const HEAD_BYTES = 4_096;

it('has room in a record for the largest answer that a configuration may ask to keep', async () => {
  const accepts = (max_body_bytes: number): boolean => idempotencySchema.safeParse({ max_body_bytes }).success;
  const largest = 6_000_000;
  expect([accepts(largest), accepts(largest + 1)]).toEqual([true, false]);
  const sealed = aesGcmSealer(new Uint8Array(32)).seal(new Uint8Array(largest + HEAD_BYTES));
  const dir = tempDir();
  const journal = openJournal(journalOptions(dir));
  const stored: RouterEvent = {
    type: 'idempotency.stored',
    ...{ scope_hash: 's'.repeat(64), body_hash: 'b'.repeat(64), call_id: 'c'.repeat(64), expires_ms: 1, sealed },
  };
  journal.append(stored);
  await journal.close();
  expect([...readRecords(dir).values()].flat()).toMatchObject([{ type: 'idempotency.stored', sealed }]);
});
