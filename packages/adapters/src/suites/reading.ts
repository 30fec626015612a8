import assert from 'node:assert/strict';
import {
  type ConsensusStore,
  EVENT_VERSION,
  type EntityStore,
  type JournalRecord,
  LedgerFold,
  type UsageFilter,
  type UsageRow,
  type UsageStore,
} from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { memoryConsensusStore } from '../sql/memory/consensus.ts';
import { memoryEntityStore } from '../sql/memory/entities.ts';
import { memoryUsageStore } from '../sql/memory/usage.ts';
import type { SuiteCase } from './suite.ts';

export interface ReadStores {
  readonly usage: UsageStore;
  readonly consensus: ConsensusStore;
  readonly entities: EntityStore;
}

/** Makes stores that show exactly what these records of node `n1`, epoch 1 mean. */
export type MakeReadStores = (records: readonly JournalRecord[]) => Promise<ReadStores>;

const STEPS = 600;

function sampleRecords(): JournalRecord[] {
  return sampleStream(21, STEPS).map(({ event, ts_ms }, i) => ({ v: EVENT_VERSION, seq: i + 1, ts_ms, ...event }));
}

/** What every `UsageStore`, `ConsensusStore` and `EntityStore` has to do: answer as the fold of the same records does. */
export function readStoresSuite(make: MakeReadStores): SuiteCase[] {
  let opened: Promise<{ stores: ReadStores; fold: LedgerFold }> | undefined;
  // The cases only read, so they may share one filled store.
  const open = (): Promise<{ stores: ReadStores; fold: LedgerFold }> => {
    opened ??= (async () => {
      const records = sampleRecords();
      const fold = new LedgerFold('n1');
      fold.applyBlock(1, records);
      return { stores: await make(records), fold };
    })();
    return opened;
  };
  return [...listCases(open), ...sumCases(open), ...consensusCases(open), ...entityCases(open)];
}

type Open = () => Promise<{ stores: ReadStores; fold: LedgerFold }>;

function listCases(open: Open): SuiteCase[] {
  return [
    {
      name: 'pages through all usage, newest first, each record once',
      async run() {
        const { stores, fold } = await open();
        const seen: string[] = [];
        let last_ms = Number.POSITIVE_INFINITY;
        for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page += 1) {
          const { rows, next } = await stores.usage.list({}, { limit: 7, ...(after !== undefined && { after }) });
          for (const row of rows) {
            assert.ok(row.started_ms <= last_ms);
            last_ms = row.started_ms;
            assert.deepEqual(row, fold.usage.get(row.call_id));
            seen.push(row.call_id);
          }
          assert.ok(rows.length === 7 || next === undefined);
          after = next;
        }
        assert.deepEqual(seen.sort(), [...fold.usage.keys()].sort());
      },
    },
    {
      name: 'filters by every field, alone and together',
      async run() {
        const { stores, fold } = await open();
        const reference = memoryUsageStore(fold);
        const times = [...fold.usage.values()].map((row) => row.started_ms).sort();
        const from_ms = times[Math.floor(times.length / 3)] ?? 0;
        const until_ms = times[Math.floor((times.length * 2) / 3)] ?? 0;
        const filters = [
          { tenant: 'acme' },
          { tenant: 'ünïcode ☃' },
          { model: 'small' },
          { outcome: 'error' },
          { key_id: 'k1' },
          { key_id: 'k2' },
          { from_ms, until_ms },
          { tenant: 'globex', model: 'big', outcome: 'ok', from_ms },
          { tenant: 'acme', until_ms: from_ms },
          { tenant: 'nobody' },
          { model: 'small', from_ms: until_ms, until_ms: from_ms },
        ];
        for (const filter of filters) {
          const found = await stores.usage.list(filter, { limit: 1_000 });
          const expected = await reference.list(filter, { limit: 1_000 });
          assert.deepEqual(found, expected, JSON.stringify(filter));
          assert.deepEqual(await pagesOf(stores.usage, filter, 3), expected.rows, JSON.stringify(filter));
        }
        assert.ok((await reference.list({ from_ms, until_ms }, { limit: 1_000 })).rows.length > 10);
      },
    },
    {
      name: 'refuses a cursor that it did not give',
      async run() {
        const { stores } = await open();
        await assert.rejects(stores.usage.list({}, { limit: 5, after: 'page two' }), { code: 'invalid_request' });
      },
    },
  ];
}

/** All pages of a list, one after the other. */
async function pagesOf(usage: UsageStore, filter: UsageFilter, limit: number): Promise<UsageRow[]> {
  const rows: UsageRow[] = [];
  for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page += 1) {
    const found = await usage.list(filter, { limit, ...(after !== undefined && { after }) });
    rows.push(...found.rows);
    after = found.next;
  }
  return rows;
}

function sumCases(open: Open): SuiteCase[] {
  return [
    {
      name: 'shows one call with its attempts',
      async run() {
        const { stores, fold } = await open();
        const [call_id = '', rows] = [...fold.attempts].find(([, attempts]) => attempts.length > 1) ?? [];
        assert.deepEqual(await stores.usage.get(call_id), fold.usage.get(call_id));
        assert.deepEqual(await stores.usage.attempts(call_id), rows);
        assert.equal(await stores.usage.get('nobody'), undefined);
        assert.deepEqual(await stores.usage.attempts('nobody'), []);
      },
    },
    {
      name: 'sums by any of tenant, model and day, ordered',
      async run() {
        const { stores, fold } = await open();
        const reference = memoryUsageStore(fold);
        const days = [...fold.usage_days.values()].map((sum) => sum.day).sort();
        const from_day = days[Math.floor(days.length / 2)] ?? '';
        for (const group of [['tenant', 'model', 'day'], ['day'], ['model', 'tenant'], ['tenant'], []] as const) {
          for (const filter of [{}, { tenant: 'acme' }, { model: 'big' }, { from_day }, { until_day: from_day }]) {
            const found = await stores.usage.sums(filter, group);
            assert.deepEqual(found, await reference.sums(filter, group), JSON.stringify([filter, group]));
            assert.ok(found.length > 0);
          }
        }
        assert.deepEqual(await stores.usage.sums({ tenant: 'nobody' }, []), []);
      },
    },
  ];
}

function consensusCases(open: Open): SuiteCase[] {
  return [
    {
      name: 'lists sessions of fan-outs, filtered and in pages, and shows one with its sealed texts',
      async run() {
        const { stores, fold } = await open();
        const { consensus } = stores;
        const reference = memoryConsensusStore(fold);
        const times = [...fold.consensus.values()].map(({ row }) => row.started_ms).sort();
        const middle_ms = times[Math.floor(times.length / 2)] ?? 0;
        const filters = [
          ...[{}, { tenant: 'acme' }, { policy: 'panel' }, { strategy: 'union' }, { outcome: 'ok' }],
          ...[
            { from_ms: middle_ms },
            { until_ms: middle_ms, policy: 'review', outcome: 'error' },
            { tenant: 'nobody' },
          ],
        ];
        for (const filter of filters) {
          const expected = await reference.list(filter, { limit: 1_000 });
          assert.deepEqual(await consensus.list(filter, { limit: 1_000 }), expected, JSON.stringify(filter));
          const paged: unknown[] = [];
          for (let after: string | undefined, page = 0; page === 0 || after !== undefined; page += 1) {
            const found = await consensus.list(filter, { limit: 3, ...(after !== undefined && { after }) });
            paged.push(...found.rows);
            after = found.next;
          }
          assert.deepEqual(paged, expected.rows, JSON.stringify(filter));
        }
        assert.ok(times.length > 10);
        for (const [call_id, record] of fold.consensus) assert.deepEqual(await consensus.get(call_id), record);
        assert.equal(await consensus.get('nobody'), undefined);
        await assert.rejects(consensus.list({}, { limit: 5, after: 'page two' }), { code: 'invalid_request' });
      },
    },
  ];
}

function entityCases(open: Open): SuiteCase[] {
  return [
    {
      name: 'lists what operators made and stopped, ordered',
      async run() {
        const { stores, fold } = await open();
        const reference = memoryEntityStore(fold);
        const tenants = await stores.entities.list('tenant');
        assert.ok(tenants.length > 0);
        assert.deepEqual(tenants, await reference.list('tenant'));
        assert.deepEqual(await stores.entities.list('model'), []);
        assert.deepEqual(await stores.entities.kills(), await reference.kills());
        assert.ok((await stores.entities.kills()).length > 0);
        const [first] = tenants;
        assert.deepEqual(await stores.entities.get('tenant', first?.id ?? ''), first);
        assert.equal(await stores.entities.get('tenant', 'nobody'), undefined);
      },
    },
  ];
}
