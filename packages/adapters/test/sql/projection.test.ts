import { type JournalRecord, LedgerFold, parseBase, BaseFold, emptyBase, NO_CHAIN } from '@atp-router/ledger';
import { sampleStream, storedSample } from '@atp-router/ledger/testing';
import { randomInt, seededRng, USD_NANOS_MAX } from '@atp-router/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { EVENTS_RECENT_MAX } from '../../src/sql/write.ts';
import {
  openSqlite,
  migrate,
  Projection,
  readEvents,
  readStart,
  sqlUsageStore,
  type SqlDriver,
} from '../../src/sql/index.ts';
import { backends } from './support/backends.ts';
import { dumpFold, dumpTables } from './support/dump.ts';

function recordsOf(seed: number, steps: number): JournalRecord[] {
  return sampleStream(seed, steps).map(({ event, ts_ms }, i) => ({ v: 1, seq: i + 1, ts_ms, ...event }));
}

function foldOf(records: readonly JournalRecord[]): LedgerFold {
  const fold = new LedgerFold('n1');
  fold.applyBlock(1, records);
  return fold;
}

/** The end of a block in epoch 1; offset and chain are not looked at here. */
function end(seq: number, epoch: number = 1): { epoch: number; seq: number; offset: number; chain: string } {
  return { epoch, seq, offset: seq, chain: `c${seq}` };
}

async function apply(
  projection: Projection,
  to: ReturnType<typeof end>,
  records: readonly JournalRecord[],
): Promise<void> {
  const batch = await projection.begin();
  batch.add(to.epoch, storedSample(records));
  if (batch.records > 0) await projection.commit(batch, to);
}

async function load(driver: SqlDriver): Promise<Projection> {
  const projection = new Projection(driver, 'n1');
  await projection.load();
  return projection;
}

for (const backend of backends()) {
  describe.skipIf(backend.absent)(`projection in ${backend.name}`, () => {
    afterAll(() => backend.close());

    it('equals the fold, however the journal is cut into batches and wherever a new process goes on', async () => {
      const driver = await backend.open();
      const rng = seededRng(3);
      const records = recordsOf(3, 700);
      let projection = await load(driver);
      for (let at = 0; at < records.length; ) {
        const size = randomInt(rng, 1, 60);
        if (rng.next() < 0.3) projection = await load(driver);
        const batch = records.slice(at, at + size);
        await apply(projection, end(at + batch.length), batch);
        if (rng.next() < 0.3) await apply(projection, end(at + batch.length), batch);
        at += batch.length;
      }
      expect(projection.position).toEqual(end(records.length));
      expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(foldOf(records)));
    });

    it('is made anew by a reset, from nothing and from a base', async () => {
      const driver = await backend.open();
      const records = recordsOf(5, 400);
      const early = records.slice(0, 250);
      const late = records.slice(250).map((record, i) => ({ ...record, seq: i + 1 }));
      const projection = await load(driver);
      await apply(projection, end(early.length), early);
      await apply(projection, end(late.length, 2), late);
      const whole = await dumpTables(driver, 'n1');

      const folded = new BaseFold(emptyBase('n1', NO_CHAIN));
      for (const record of early) folded.apply(record);
      await projection.reset(parseBase(JSON.stringify(folded.at(1, 'c250'))));
      expect(projection.position).toEqual({ epoch: 1, seq: 0, offset: 0, chain: 'c250' });
      const reset = await dumpTables(driver, 'n1');
      const expected = dumpFold(foldOf(early));
      expect({ ...reset, claims: [] }).toEqual({ ...expected, claims: [] });
      await apply(projection, end(late.length, 2), late);
      expect(await dumpTables(driver, 'n1')).toEqual(whole);

      await projection.reset(undefined);
      expect(Object.values(await dumpTables(driver, 'n1')).flat()).toEqual([]);
      await apply(projection, end(early.length), early);
      await apply(projection, end(late.length, 2), late);
      expect(await dumpTables(driver, 'n1')).toEqual(whole);
    });

    it('adds up no more than can be read again, whatever the calls cost', async () => {
      const driver = await backend.open();
      const huge = { cost_usd_nanos: USD_NANOS_MAX };
      const records = recordsOf(8, 300).map((record) =>
        record.type === 'call.ended'
          ? { ...record, ...huge, attempts: record.attempts.map((attempt) => ({ ...attempt, ...huge })) }
          : record,
      );
      const projection = await load(driver);
      const middle = 150;
      await apply(projection, end(middle), records.slice(0, middle));
      await apply(projection, end(records.length), records.slice(middle));
      const fold = foldOf(records);
      expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(fold));
      const [{ day = '' } = {}] = fold.budget_days.values();
      const { budgets } = await readStart(driver, 'n1', Date.parse(day));
      expect(budgets.length).toBeGreaterThan(0);
      for (const { cost_usd_nanos } of budgets) expect(cost_usd_nanos).toBe(USD_NANOS_MAX);
      const [all] = await sqlUsageStore(driver).sums({}, []);
      expect(all).toMatchObject(huge);
    });

    it('says of sums that an older version made that nothing is known of their energy', async () => {
      const driver = await backend.open();
      const records = recordsOf(9, 200);
      await apply(await load(driver), end(records.length), records);
      const added = ['energy_millijoules', 'co2e_micrograms', 'calls_without_energy', 'calls_without_co2e'];
      for (const name of added) await driver.query(`ALTER TABLE usage_daily DROP COLUMN ${name}`);
      // What later versions brought.
      await driver.query('DROP TABLE route_daily');
      await driver.query('UPDATE schema_version SET version = 6');
      await migrate(driver);
      const [sum] = await sqlUsageStore(driver).sums({}, []);
      const calls = sum?.calls ?? 0;
      expect(calls).toBeGreaterThan(0);
      const unknown = { calls_without_energy: calls, calls_without_co2e: calls };
      expect(sum).toMatchObject({ energy_millijoules: 0, co2e_micrograms: 0, ...unknown });
      // Where the records are still there they are all that is needed.
      const again = await load(driver);
      await again.reset(undefined);
      await apply(again, end(records.length), records);
      expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(foldOf(records)));
    });

    it('keeps the nodes of one database apart', async () => {
      const driver = await backend.open();
      const mine = recordsOf(6, 60);
      const other = recordsOf(7, 60);
      const projection = await load(driver);
      await apply(projection, end(mine.length), mine);
      const neighbour = new Projection(driver, 'n2');
      await neighbour.load();
      await apply(neighbour, end(other.length), other);
      await neighbour.reset(undefined);
      expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(foldOf(mine)));
    });
  });
}

describe('projection', () => {
  async function fresh(): Promise<SqlDriver> {
    const driver = openSqlite(':memory:');
    await migrate(driver);
    await migrate(driver);
    return driver;
  }

  it('refuses a gap, and a second projection of the same journal', async () => {
    const driver = await fresh();
    const records = recordsOf(1, 30);
    const first = await load(driver);
    const second = await load(driver);
    await expect(apply(first, end(12), records.slice(10, 12))).rejects.toThrow('does not follow');
    await apply(first, end(10), records.slice(0, 10));
    await expect(apply(second, end(10), records.slice(0, 10))).rejects.toThrow('another projection');
    await apply(second, end(12), records.slice(10, 12));
    expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(foldOf(records.slice(0, 12))));
  });

  it('changes nothing when its transaction fails, and goes on afterwards', async () => {
    const driver = await fresh();
    const records = recordsOf(2, 80);
    const projection = await load(driver);
    await apply(projection, end(40), records.slice(0, 40));
    const before = await dumpTables(driver, 'n1');
    await driver.query('ALTER TABLE budget_daily RENAME TO hidden');
    await expect(apply(projection, end(80), records.slice(40))).rejects.toThrow('budget_daily');
    await driver.query('ALTER TABLE hidden RENAME TO budget_daily');
    expect(await dumpTables(driver, 'n1')).toEqual(before);
    await apply(projection, end(80), records.slice(40));
    expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(foldOf(records)));
  });

  it('counts a repeated end of a call for nothing, and an end without a beginning once', async () => {
    const driver = await fresh();
    const records = recordsOf(4, 200);
    const ends = records.filter((record) => record.type === 'call.ended');
    const stray = ends.slice(0, 3).map((record) => ({ ...record, call_id: `stray_${record.call_id}` }));
    const more = [...ends, ...stray, ...stray].map((record, i) => ({ ...record, seq: records.length + i + 1 }));
    const projection = await load(driver);
    await apply(projection, end(records.length), records);
    const all = [...records, ...more];
    await apply(projection, end(all.length), more);
    const fold = foldOf(records);
    fold.applyBlock(1, more);
    expect(await dumpTables(driver, 'n1')).toEqual(dumpFold(fold));
    expect(ends.length).toBeGreaterThan(10);
  });

  it('prunes old call records and expired keys, keeps their sums, and does not count them again in a rebuild', async () => {
    const driver = await fresh();
    const records = recordsOf(9, 900);
    const projection = await load(driver);
    await apply(projection, end(records.length), records);
    const usage = sqlUsageStore(driver);
    const sums = await usage.sums({}, ['day', 'tenant', 'model']);
    const days = [...new Set(sums.map((sum) => sum.day))].sort();
    const before_day = days[Math.floor(days.length / 2)] ?? '';
    const whole = await dumpTables(driver, 'n1');

    let passes = 0;
    while (await projection.prune(before_day, Number.MAX_SAFE_INTEGER, 7)) passes += 1;
    expect(passes).toBeGreaterThan(1);
    const kept = await dumpTables(driver, 'n1');
    const isKept = (row: unknown): boolean => (row as { day: string }).day >= before_day;
    expect(kept.usage).toEqual(whole.usage.filter(isKept));
    expect(kept.usage.length).toBeGreaterThan(0);
    expect(kept.attempts.length).toBeLessThan(whole.attempts.length);
    expect(kept.claims).toEqual([]);
    expect(kept.usage_days).toEqual(whole.usage_days);
    expect(kept.budget_days).toEqual(whole.budget_days);

    await projection.reset(undefined);
    await apply(projection, end(records.length), records);
    const again = await dumpTables(driver, 'n1');
    expect({ ...again, claims: [] }).toEqual(kept);
  });

  it('counts a new call of a day that was pruned too early, once, also when it is made anew', async () => {
    const driver = await fresh();
    const records = recordsOf(9, 900);
    const early = records.slice(0, 500);
    const late = records.slice(500);
    let projection = await load(driver);
    await apply(projection, end(early.length), early);
    // A pass by a clock that was years ahead.
    while (await projection.prune('2031-01-01', Number.MAX_SAFE_INTEGER, 5_000));
    projection = await load(driver);
    await apply(projection, end(records.length), late);
    const expected = dumpFold(foldOf(records));
    const sums = async (): Promise<unknown> => {
      const { usage_days, budget_days } = await dumpTables(driver, 'n1');
      return { usage_days, budget_days };
    };
    expect(await sums()).toEqual({ usage_days: expected.usage_days, budget_days: expected.budget_days });
    const ended = new Set(late.filter((record) => record.type === 'call.ended').map((record) => record.call_id));
    const listed = (await sqlUsageStore(driver).list({}, { limit: 1_000 })).rows.map((row) => row.call_id);
    expect(new Set(listed)).toEqual(ended);
    expect(ended.size).toBeGreaterThan(10);

    // A rebuild that is cut short and begun again meets every record at least once.
    await projection.reset(undefined);
    await apply(projection, end(early.length), early);
    await projection.reset(undefined);
    projection = await load(driver);
    await apply(projection, end(records.length), records);
    expect(await sums()).toEqual({ usage_days: expected.usage_days, budget_days: expected.budget_days });
    const [next] = recordsOf(10, 60).filter((record) => record.type === 'call.ended');
    if (next === undefined) throw new Error('no call ended');
    await apply(projection, end(records.length + 1), [{ ...next, seq: records.length + 1 }]);
    expect((await sqlUsageStore(driver).get(next.call_id))?.call_id).toBe(next.call_id);
  });

  it('keeps a bounded operators’ log', async () => {
    const driver = await fresh();
    const event = { type: 'config.applied', generation: 1, hash: 'h' } as const;
    const projection = await load(driver);
    for (let at = 0; at < EVENTS_RECENT_MAX + 500; at += 3_500) {
      const batch = Array.from({ length: 3_500 }, (_, i) => ({ v: 1, seq: at + i + 1, ts_ms: at + i + 1, ...event }));
      await apply(projection, end(at + 3_500), batch);
    }
    const [count] = await driver.query('SELECT COUNT(*) AS n FROM events_recent');
    expect(count?.['n']).toBe(EVENTS_RECENT_MAX);
    expect((await readEvents(driver, 'n1', 2)).map((row) => row.seq)).toEqual([10_500, 10_499]);
  });
});
