import { expect, onTestFinished, test } from 'vitest';
import { migrate, openSqlite, sqlLearnedStore } from '../../src/sql/index.ts';

const OF = { call_id: 'call_1', key_id: 'k1', body_hash: 'h1', now_ms: 1_000_000 };

test('feedback counts as given once a journal has it, not while somebody says to give it', async () => {
  const driver = openSqlite(':memory:');
  onTestFinished(() => driver.close());
  await migrate(driver);
  const [lost, other] = [sqlLearnedStore(driver, 'lost'), sqlLearnedStore(driver, 'other')];
  expect(await lost.claim(OF)).toBe('mine');
  expect(await other.claim(OF)).toBe('pending');
  expect(await other.claim({ ...OF, body_hash: 'h2' })).toBe('pending');
  // Its process never wrote it: a minute later it is free.
  expect(await other.claim({ ...OF, now_ms: OF.now_ms + 60_001 })).toBe('mine');
  await driver.query(`UPDATE feedback SET state = 'given'`, []);
  expect(await lost.claim(OF)).toBe('given');
  expect(await lost.claim({ ...OF, body_hash: 'h2' })).toBe('other');
});
