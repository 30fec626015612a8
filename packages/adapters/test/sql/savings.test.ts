import {
  type JournalRecord,
  type RouteDay,
  type RouteDecided,
  type RouteFeedback,
  RouteSums,
} from '@atp-router/ledger';
import { storedSample } from '@atp-router/ledger/testing';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { afterAll, describe, expect, it } from 'vitest';
import { Projection, sqlSavingsStore, type SqlDriver } from '../../src/sql/index.ts';
import { backends } from './support/backends.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 10, 1);
const ALL = ['day', 'tenant', 'cluster', 'model'] as const;

/** Choices and words on them over four days, drawn from a seed. */
function eventsOf(seed: number, n: number): (RouteDecided | RouteFeedback)[] {
  const rng = seededRng(seed);
  return Array.from({ length: n }, (_, i) => {
    const at_ms = START_MS + Math.floor((i / n) * 4) * DAY_MS;
    const decided = decidedBy(rng, i, at_ms);
    if (rng.next() < 0.6) return decided;
    const compared = { first: decided.first, right: 1.5, weight: 2.5 };
    return {
      type: 'route.feedback',
      ...{ call_id: decided.call_id, tenant: decided.tenant, key_id: 'k', body_hash: 'h', right: 0.25, compared },
      ...{ lesson: decided.lesson, decided_ms: at_ms, at_ms },
    };
  });
}

function decidedBy(rng: Rng, i: number, at_ms: number): RouteDecided {
  const pick = (names: readonly string[]): string => names[randomInt(rng, 0, names.length - 1)] ?? '';
  const topic = randomInt(rng, -1, 40);
  return {
    type: 'route.decided',
    ...{ call_id: `c${i}`, tenant: pick(['acme', 'ünï']), qos: 'silver', plan: 'single', first: pick(['a', 'b']) },
    ...{ propensity: 0.5, explores: true, quality_usd: 0.05, candidates: [] },
    ...{ tried_usd_nanos: randomInt(rng, 0, 9), regret_usd_nanos: randomInt(rng, 0, 9) },
    baseline: { model: 'b', expected_usd_nanos: randomInt(rng, 0, 9_000) },
    lesson: { features: { at: [], value: [] }, lineage: '', answers: [], ...(topic >= 0 && { topic }) },
    ...{ outcome: rng.next() < 0.8 ? 'ok' : 'error', cost_usd_nanos: randomInt(rng, 0, 5_000), at_ms },
    ...(rng.next() < 0.5 && { energy_joules: randomInt(rng, 0, 9_999) / 1_000, co2e_mg: 0.125 }),
  };
}

function recordsOf(events: readonly (RouteDecided | RouteFeedback)[]): JournalRecord[] {
  return events.map((event, i) => ({ v: 1, seq: i + 1, ts_ms: event.at_ms, ...event }));
}

function sumsOf(events: readonly (RouteDecided | RouteFeedback)[]): readonly RouteDay[] {
  const sums = new RouteSums();
  for (const event of events) sums.add(event);
  return sums.days().toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function keyOf({ day, tenant, cluster, model }: RouteDay): string {
  return [day, tenant, cluster, model].join('\n');
}

async function all(driver: SqlDriver): Promise<readonly RouteDay[]> {
  const rows = await sqlSavingsStore(driver).sums({}, ALL);
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

async function load(driver: SqlDriver): Promise<Projection> {
  const projection = new Projection(driver, 'n1');
  await projection.load();
  return projection;
}

async function apply(projection: Projection, epoch: number, records: readonly JournalRecord[]): Promise<void> {
  const batch = await projection.begin();
  batch.add(epoch, storedSample(records));
  const seq = records.at(-1)?.seq ?? 0;
  if (batch.records > 0) await projection.commit(batch, { epoch, seq, offset: seq, chain: `c${seq}` });
}

for (const backend of backends()) {
  describe.skipIf(backend.absent)(`sums of what auto chose, in ${backend.name}`, () => {
    afterAll(() => backend.close());

    it('are those of all events, however they are cut, repeated and gone on with', async () => {
      const driver = await backend.open();
      const events = eventsOf(1, 300);
      const records = recordsOf(events);
      const rng = seededRng(2);
      let projection = await load(driver);
      for (let at = 0; at < records.length; ) {
        const piece = records.slice(at, at + randomInt(rng, 1, 40));
        if (rng.next() < 0.3) projection = await load(driver);
        await apply(projection, 1, piece);
        if (rng.next() < 0.3) await apply(projection, 1, piece);
        at += piece.length;
      }
      const expected = sumsOf(events);
      expect(await all(driver)).toEqual(expected);
      expect(new Set(expected.map(({ cluster }) => cluster)).has('other')).toBe(true);
      expect(expected.reduce((sum, { calls }) => sum + calls, 0)).toBe(
        events.filter(({ type }) => type === 'route.decided').length,
      );
      const [total] = await sqlSavingsStore(driver).sums({ tenant: 'acme', from_day: '2026-11-02' }, []);
      const part = expected.filter(({ tenant, day }) => tenant === 'acme' && day >= '2026-11-02');
      expect(total?.spent_usd_nanos).toBe(part.reduce((sum, one) => sum + one.spent_usd_nanos, 0));
      expect(total?.gap_bp).toBe(part.reduce((sum, one) => sum + one.gap_bp, 0));
      expect(total?.gap_bp).toBeLessThan(0);
    });

    it('are made anew by a rebuild of the files that are left, when the events are forgotten and days were pruned', async () => {
      const driver = await backend.open();
      const [early, late] = [eventsOf(3, 120), eventsOf(4, 120)];
      const projection = await load(driver);
      await apply(projection, 1, recordsOf(early));
      await apply(projection, 2, recordsOf(late));
      const whole = await all(driver);
      expect(whole).toEqual(sumsOf([...early, ...late]));
      await driver.query('DELETE FROM learnings');

      // The first file is gone: what it meant stays, and is not counted twice.
      const base = { format: 1, node_id: 'n1', epoch: 1, chain: 'c', open_calls: [], kills: [], entities: [] } as const;
      await projection.reset(base);
      expect(await all(driver)).toEqual(sumsOf(early));
      await apply(projection, 2, recordsOf(late));
      expect(await all(driver)).toEqual(whole);

      for (const limit of [1, 1_000]) await projection.prune('2026-11-03', START_MS, limit);
      expect(await all(driver)).toEqual(whole);
      const joined = await driver.query("SELECT DISTINCT epoch FROM route_daily WHERE day < '2026-11-03'");
      expect(joined.map((row) => Number(row['epoch']))).toEqual([0]);
      await projection.reset(base);
      await apply(projection, 2, recordsOf(late));
      expect(await all(driver)).toEqual(whole);
      // A call of a day that was pruned, by a clock that was wrong: it is new all the same.
      const more = decidedBy(seededRng(5), 0, START_MS);
      await apply(projection, 2, [{ v: 1, seq: late.length + 1, ts_ms: more.at_ms, ...more }]);
      const after = sumsOf([...early, ...late, more]);
      expect(await all(driver)).toEqual(after);
      await projection.reset(base);
      await apply(projection, 2, recordsOf(late));
      expect(await all(driver)).toEqual(after);
    });
  });
}
