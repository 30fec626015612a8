import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AtpError, utcDay } from '@atp-router/kernel';
import { budgetDay, type CallEnded, type RouterEvent } from '@atp-router/ledger';
import { sampleStream } from '@atp-router/ledger/testing';
import { describe, expect, it, vi } from 'vitest';
import { filePath, type Ledger, type LedgerOptions, listFiles, openLedger } from '../../src/journal/index.ts';
import { dumpTables } from '../sql/support/dump.ts';
import { tempDirs, tickingClock } from './support/helpers.ts';
import { dumpJournal, openTables } from './support/tables.ts';

const tempDir = tempDirs();

function open(data_dir: string, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({
    data_dir,
    node_id: 'n1',
    clock: tickingClock(),
    fsync: 'never',
    fsync_interval_ms: 50,
    segment_bytes: 1 << 26,
    retain_days: 0,
    ...more,
  });
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Calls from first to last record, all within an hour. */
function callsOn(seed: number, start_ms: number): RouterEvent[] {
  const events = sampleStream(seed, 300, start_ms).map(({ event }) => event);
  const ended = new Set(events.filter((event) => event.type === 'call.ended').map((event) => event.call_id));
  return events
    .filter((event) => 'call_id' in event && ended.has(event.call_id) && event.type !== 'idempotency.stored')
    .map((event) => startedAt(event, start_ms + 1));
}

function startedAt(event: RouterEvent, started_ms: number): RouterEvent {
  if (event.type === 'consensus.ended') return { ...event, started_ms };
  return 'started_ms' in event ? { ...event, started_ms, budget_day: undefined } : event;
}

function write(ledger: Ledger, events: readonly RouterEvent[]): void {
  for (const event of events) ledger.journal.append(event);
  ledger.journal.flushNow();
}

describe('ledger', () => {
  it('starts empty, answers with what was just written, and brings everything back after a restart', async () => {
    const data_dir = tempDir();
    const events = sampleStream(4, 400).map(({ event }) => event);
    const first = await open(data_dir);
    const budget_days = ['2026-09-20', '2026-09-21'];
    expect(first.start).toEqual({ budget_days, budgets: [], open_calls: [], entities: [], kills: [], claims: [] });
    expect(first.recover()).toEqual({ events: [], budgets: [] });
    write(first, events);
    const ends = events.filter((event) => event.type === 'call.ended');
    const last = ends.at(-1);
    expect((await first.usage.get(last?.call_id ?? ''))?.cost_usd_nanos).toBe(last?.cost_usd_nanos);
    const [sum] = await first.usage.sums({}, []);
    expect(sum?.calls).toBe(ends.length);
    const stored = events.find((event) => event.type === 'idempotency.stored');
    expect(await first.ask('claims.find', stored?.scope_hash ?? '')).toMatchObject({
      state: 'done',
      ...(stored && { sealed: stored.sealed }),
    });
    expect(await first.ask('claims.find', 'unknown')).toBeUndefined();
    expect((await first.ask('events.recent', 5)).length).toBe(5);
    await vi.waitFor(() => expect(first.lagBlocks()).toBe(0), { timeout: 20_000 });
    await first.close();

    const second = await open(data_dir);
    const opened = events.filter((event) => event.type === 'call.opened').map((event) => event.call_id);
    const ended = new Set(ends.map((event) => event.call_id));
    expect(second.start.open_calls.map((call) => call.head.call_id).sort()).toEqual(
      opened.filter((id) => !ended.has(id)).sort(),
    );
    expect(second.start.claims.some((claim) => claim.state === 'running')).toBe(false);
    expect(second.start.kills).toEqual(await second.entities.kills());
    expect(second.start.entities).toEqual(await second.entities.list('tenant'));
    await second.close();
  });

  it('settles what a dead process left open exactly once, also when the recovery is cut short', async () => {
    const data_dir = tempDir();
    const clock = tickingClock(Date.UTC(2026, 10, 22, 12));
    const events = sampleStream(8, 300, Date.UTC(2026, 10, 22, 9)).map(({ event }) => event);
    const first = await open(data_dir, { clock });
    write(first, events);
    await first.close();

    // Recovery appends its events one by one; this process dies after three of them.
    const second = await open(data_dir, { clock });
    const due = second.start.open_calls.length;
    expect(due).toBeGreaterThan(3);
    const { events: recovered } = second.recover();
    expect(second.recover().events).toEqual([]);
    await second.close();
    const path = filePath(join(data_dir, 'journal'), second.journal.epoch);
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    rmSync(path);
    rmSync(join(data_dir, 'atp.sqlite'));
    const third = await open(data_dir, { clock });
    write(third, recovered.slice(0, 3));
    await third.close();
    expect(lines.length).toBe(recovered.length + 3);

    const fourth = await open(data_dir, { clock });
    expect(fourth.start.open_calls).toHaveLength(due - 3);
    const { events: rest, budgets: seeded } = fourth.recover();
    expect(rest).toHaveLength(due - 3);
    expect((await fourth.usage.list({ outcome: 'interrupted' }, { limit: 1_000 })).rows).toHaveLength(due);
    const day = utcDay(clock.now_ms());
    const budgets = seeded.filter((part) => part.day === day);
    expect(budgets).toEqual(await fourth.ask('budgets.day', day));
    const all = [...events.filter((event) => event.type === 'call.ended'), ...recovered] as CallEnded[];
    const today = all.map((event) => budgetDay(event)).filter((part) => part.day === day);
    const total = budgets.reduce((sum, part) => sum + part.cost_usd_nanos, 0);
    expect(total).toBe(today.reduce((sum, part) => sum + part.cost_usd_nanos, 0));
    await fourth.close();
    const fifth = await open(data_dir, { clock });
    expect(fifth.start.open_calls).toEqual([]);
    await fifth.close();
  });

  it('has one owner at a time and frees the directory when it cannot start', async () => {
    const data_dir = tempDir();
    const first = await open(data_dir);
    await expect(open(data_dir)).rejects.toThrow('in use by process');
    await first.close();
    const store = { type: 'sqlite', path: join(data_dir, 'missing', 'atp.sqlite') } as const;
    const refused = (await open(data_dir, { store }).catch((error: unknown) => error)) as AtpError;
    expect(refused.code).toBe('config_invalid');
    expect(refused.message).toContain(
      `The database of the tables ${store.path} cannot be used: it is not there and cannot be made (ENOENT) at ${data_dir}/missing. `,
    );
    const path = filePath(join(data_dir, 'journal'), 1);
    const header = readFileSync(path);
    writeFileSync(path, 'nonsense\n');
    await expect(open(data_dir)).rejects.toThrow('damaged');
    writeFileSync(path, header);
    const again = await open(data_dir);
    await again.close();
    expect(existsSync(join(data_dir, 'lock.json'))).toBe(false);
  });

  it('follows the journal into new epochs and can make the tables anew while it runs', async () => {
    const data_dir = tempDir();
    const dir = join(data_dir, 'journal');
    const ledger = await open(data_dir, { segment_bytes: 30_000 });
    for (const [i, { event }] of sampleStream(6, 500).entries()) {
      ledger.journal.append(event);
      if (i % 10 !== 0) continue;
      ledger.journal.flushNow();
      // A full file is synced in the thread pool before the next one is begun.
      const { epoch, file_bytes } = ledger.journal.stats();
      if (file_bytes >= 30_000) await vi.waitFor(() => expect(ledger.journal.epoch).toBe(epoch + 1));
    }
    ledger.journal.flushNow();
    const before = await ledger.usage.sums({}, ['tenant', 'model', 'day']);
    await ledger.rebuild();
    expect(await ledger.usage.sums({}, ['tenant', 'model', 'day'])).toEqual(before);
    await ledger.close();
    expect(listFiles(dir).length).toBeGreaterThan(4);
    const driver = await openTables(join(data_dir, 'atp.sqlite'));
    expect(await dumpTables(driver, 'n1')).toEqual(dumpJournal(dir));
    await driver.close();
  });

  it('starts its worker again when that dies; questions meanwhile are refused, not left waiting', async () => {
    const problems: AtpError[] = [];
    const ledger = await open(tempDir(), {
      worker_script: new URL('./support/dying-worker.ts', import.meta.url),
      on_problem: (problem) => problems.push(problem),
    });
    write(
      ledger,
      sampleStream(2, 50).map(({ event }) => event),
    );
    await expect(ledger.ask('events.recent', 1)).rejects.toMatchObject({ code: 'internal_error', status: 503 });
    await expect(ledger.usage.sums({}, [])).rejects.toMatchObject({ status: 503 });
    await vi.waitFor(async () => expect(await ledger.usage.sums({}, [])).toHaveLength(1), { timeout: 20_000 });
    await ledger.close();
  });

  it('goes on counting after a start whose clock was weeks ahead', async () => {
    const data_dir = tempDir();
    const noon_ms = Date.UTC(2026, 10, 22, 12);
    const opened = (offset_ms: number): Promise<Ledger> =>
      open(data_dir, { clock: tickingClock(noon_ms + offset_ms), retain_days: 7 });
    const callsOf = async (ledger: Ledger): Promise<string[]> =>
      (await ledger.usage.list({}, { limit: 1_000 })).rows.map((row) => row.call_id);
    const first = await opened(0);
    write(first, callsOn(1, noon_ms));
    const before = await callsOf(first);
    expect(before.length).toBeGreaterThan(10);
    await first.close();

    const wrong = await opened(20 * DAY_MS);
    // Retention was asked for first, so it has passed when this is answered.
    expect(await callsOf(wrong)).toEqual(before);
    await wrong.close();

    const right = await opened(HOUR_MS);
    expect(await callsOf(right)).toEqual(before);
    write(right, callsOn(2, noon_ms + HOUR_MS));
    const all = await callsOf(right);
    expect(all.length).toBeGreaterThan(before.length);
    await right.close();
    const next = await opened(2 * HOUR_MS);
    expect(next.recover().budgets.reduce((sum, { calls }) => sum + calls, 0)).toBe(all.length);
    await next.close();
  });

  it('knows what a day used although the clock is not set yet, or set back over midnight', async () => {
    const data_dir = tempDir();
    const noon_ms = Date.UTC(2026, 10, 22, 12);
    const first = await open(data_dir, { clock: tickingClock(noon_ms) });
    write(first, callsOn(1, noon_ms));
    const spent = await first.ask('budgets.day', '2026-11-22');
    expect(spent.length).toBeGreaterThan(0);
    await first.close();
    for (const now_ms of [60_000, noon_ms - DAY_MS, noon_ms, noon_ms + 12 * HOUR_MS]) {
      const ledger = await open(data_dir, { clock: tickingClock(now_ms) });
      expect(ledger.recover().budgets).toEqual(spent);
      await ledger.close();
    }
    // The newest day counts, also when all that is known of it is a call that was cut short.
    const late = callsOn(2, noon_ms + DAY_MS).filter((event) => event.type === 'call.opened');
    const dying = await open(data_dir, { clock: tickingClock(noon_ms + DAY_MS) });
    write(dying, late.slice(0, 1));
    await dying.close();
    const behind = await open(data_dir, { clock: tickingClock(noon_ms - 30 * DAY_MS) });
    const [call] = behind.recover().budgets;
    expect(call).toMatchObject({ day: '2026-11-23', calls: 1 });
    expect(behind.start.budget_days).toEqual(['2026-10-23', '2026-11-23']);
    await behind.close();
  });

  it('bounds the questions that wait', async () => {
    const ledger = await open(tempDir());
    const answers = await Promise.allSettled(Array.from({ length: 300 }, () => ledger.usage.sums({}, [])));
    const refused = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as AtpError);
    expect(refused).toHaveLength(300 - 256);
    for (const error of refused) expect(error.code).toBe('backpressure');
    await ledger.close();
    await expect(ledger.usage.sums({}, [])).rejects.toMatchObject({ status: 503 });
  });
});
