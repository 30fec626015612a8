import { LedgerFold } from '@atp-router/ledger';
import { storedSample } from '@atp-router/ledger/testing';
import { afterAll, describe, it } from 'vitest';
import {
  memoryBudgetStore,
  memoryConsensusStore,
  memoryEntityStore,
  memoryIdempotencyStore,
  memoryLeaseStore,
  memoryUsageStore,
  Projection,
  sqlBudgetStore,
  sqlConsensusStore,
  sqlEntityStore,
  sqlIdempotencyStore,
  sqlLeaseStore,
  sqlUsageStore,
} from '../../src/sql/index.ts';
import {
  budgetStoreSuite,
  idempotencyStoreSuite,
  leaseStoreSuite,
  readStoresSuite,
  type SuiteCase,
} from '../../src/suites/index.ts';
import { backends } from './support/backends.ts';

function run(title: string, cases: readonly SuiteCase[]): void {
  describe(title, () => {
    for (const { name, run: check } of cases) it(name, check);
  });
}

describe('memory', () => {
  run(
    'idempotency',
    idempotencyStoreSuite(async (clock) => memoryIdempotencyStore(clock)),
  );
  run(
    'budget',
    budgetStoreSuite(async (clock) => memoryBudgetStore(clock)),
  );
  run(
    'lease',
    leaseStoreSuite(async (clock) => memoryLeaseStore(clock)),
  );
  run(
    'usage, consensus and entities',
    readStoresSuite(async (records) => {
      const fold = new LedgerFold('n1');
      fold.applyBlock(1, records);
      return {
        ...{ usage: memoryUsageStore(fold), consensus: memoryConsensusStore(fold) },
        entities: memoryEntityStore(fold),
      };
    }),
  );
});

for (const backend of backends()) {
  describe.skipIf(backend.absent)(backend.name, () => {
    afterAll(() => backend.close());
    run(
      'idempotency',
      idempotencyStoreSuite(async (clock) => sqlIdempotencyStore(await backend.open(), clock)),
    );
    run(
      'budget',
      budgetStoreSuite(async (clock) => sqlBudgetStore(await backend.open(), clock)),
    );
    run(
      'lease',
      leaseStoreSuite(async (clock) => sqlLeaseStore(await backend.open(), clock)),
    );
    run(
      'usage, consensus and entities',
      readStoresSuite(async (records) => {
        const driver = await backend.open();
        const projection = new Projection(driver, 'n1');
        await projection.load();
        const batch = await projection.begin();
        batch.add(1, storedSample(records));
        await projection.commit(batch, { epoch: 1, seq: records.length, offset: 1, chain: 'c' });
        return {
          ...{ usage: sqlUsageStore(driver), consensus: sqlConsensusStore(driver) },
          entities: sqlEntityStore(driver, 'n1'),
        };
      }),
    );
  });
}
