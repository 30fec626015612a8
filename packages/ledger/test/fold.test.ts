import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utcDay } from '@atp-router/kernel';
import {
  BaseFold,
  CallSums,
  type CallEnded,
  EVENT_VERSION,
  emptyBase,
  type JournalRecord,
  LedgerFold,
  parseBase,
  placeBlock,
  recoverCalls,
} from '../src/index.ts';
import { sampleStream } from '../src/testing/index.ts';
import { runs, toRecords } from './support/files.ts';

const stream = fc
  .tuple(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 1, max: 250 }))
  .map(([seed, steps]) => toRecords(sampleStream(seed, steps)));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

function fold(records: readonly JournalRecord[]): LedgerFold {
  const state = new LedgerFold('n1');
  state.applyBlock(1, records);
  return state;
}

type Opened = Extract<JournalRecord, { type: 'call.opened' }>;

function snapshot(state: LedgerFold): unknown {
  const { position, usage, attempts, usage_days, budget_days, idempotency } = state;
  const operator = [state.kills(), state.entities(), state.openCalls()];
  return { position, usage, attempts, usage_days, budget_days, idempotency, operator };
}

/** Appends the recovery of everything that is open, as a router does after a crash. */
function recovered(records: readonly JournalRecord[]): { state: LedgerFold; ended: CallEnded[] } {
  const state = fold(records);
  const ended = recoverCalls(state.openCalls());
  const more = ended.map((event, i) => ({ v: EVENT_VERSION, seq: i + 1, ts_ms: 1_790_500_000_000, ...event }));
  state.applyBlock(2, more);
  return { state, ended };
}

describe('fold', () => {
  it('applies each block once, however often and wherever a reader starts again', () => {
    fc.assert(
      fc.property(stream, sizes, fc.array(fc.nat(), { maxLength: 12 }), (records, cut, jumps) => {
        const blocks = runs(records, cut);
        const state = new LedgerFold('n1');
        let at = 0;
        for (const jump of jumps) {
          for (const block of blocks.slice(at, at + 3)) expect(state.applyBlock(1, block)).not.toBe('gap');
          at = Math.min(at + 3, jump % blocks.length);
        }
        for (const block of blocks) expect(state.applyBlock(1, block)).not.toBe('gap');
        expect(snapshot(state)).toEqual(snapshot(fold(records)));
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it('refuses to jump over a block', () => {
    const blocks = runs(toRecords(sampleStream(4, 40)), [3]);
    const state = new LedgerFold('n1');
    state.applyBlock(1, blocks[0] ?? []);
    const before = snapshot(state);
    expect(state.applyBlock(1, blocks[2] ?? [])).toBe('gap');
    expect(snapshot(state)).toEqual(before);
  });

  it('places blocks by epoch, then by number', () => {
    const at = { epoch: 3, seq: 10 };
    expect(placeBlock(at, { epoch: 2, first_seq: 99, count: 1 })).toBe('applied');
    expect(placeBlock(at, { epoch: 3, first_seq: 8, count: 3 })).toBe('applied');
    expect(placeBlock(at, { epoch: 3, first_seq: 11, count: 3 })).toBe('next');
    expect(placeBlock(at, { epoch: 3, first_seq: 9, count: 3 })).toBe('gap');
    expect(placeBlock(at, { epoch: 5, first_seq: 1, count: 3 })).toBe('next');
    expect(placeBlock(at, { epoch: 4, first_seq: 2, count: 3 })).toBe('gap');
  });

  it('charges a call that waited over midnight to the day of its reservation, interrupted or not', () => {
    const started_ms = Date.parse('2026-11-22T23:59:50Z');
    const opened: JournalRecord = {
      ...{ v: 1, seq: 1, ts_ms: started_ms + 20_000, type: 'call.opened', stream: true, started_ms },
      ...{ call_id: 'c', tenant: 't', key_id: 'k', endpoint: 'ask', requested_model: 'm', qos: 'gold' },
      budget_day: '2026-11-23',
      attempt: {
        ...{ n: 1, turn: 1, kind: 'primary', model: 'm', provider: 'p' },
        ...{ in_tokens: 100, out_tokens: 9, reserved_usd_nanos: 1 },
      },
    };
    const { state, ended } = recovered([opened]);
    expect([...state.budget_days.values()]).toMatchObject([{ tenant: 't', day: '2026-11-23', calls: 1, tokens: 100 }]);
    expect([...state.usage_days.values()]).toMatchObject([{ day: '2026-11-23', calls: 1 }]);
    const sums = new CallSums();
    for (const event of ended) sums.add(event);
    expect(sums.budgets()).toEqual([...state.budget_days.values()]);
    expect(sums.usage()).toEqual([...state.usage_days.values()]);
  });

  it('keeps the sums equal to the sum of the records', () => {
    fc.assert(
      fc.property(stream, (records) => {
        const state = fold(records);
        const ends = records.filter((record) => record.type === 'call.ended');
        const cost = ends.reduce((sum, end) => sum + end.cost_usd_nanos, 0);
        const tokens = ends.reduce((sum, end) => sum + end.usage.in_tokens + end.usage.out_tokens, 0);
        const days = [...state.budget_days.values()];
        const models = [...state.usage_days.values()];
        expect(days.reduce((sum, day) => sum + day.cost_usd_nanos, 0)).toBe(cost);
        expect(models.reduce((sum, day) => sum + day.cost_usd_nanos, 0)).toBe(cost);
        expect(days.reduce((sum, day) => sum + day.tokens, 0)).toBe(tokens);
        expect(models.reduce((sum, day) => sum + day.calls, 0)).toBe(ends.length);
        expect(models.reduce((sum, day) => sum + day.attempts, 0)).toBe(ends.flatMap((end) => end.attempts).length);
        for (const { call_id, started_ms, budget_day } of ends) {
          expect(state.usage.get(call_id)?.day).toBe(budget_day ?? utcDay(started_ms));
        }
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it('counts a second end of a call for nothing', () => {
    const records = toRecords(sampleStream(12, 120));
    const again = records
      .filter((record) => record.type === 'call.ended')
      .map((record, i) => ({ ...record, cost_usd_nanos: 1, seq: records.length + 1 + i }));
    const state = fold(records);
    state.applyBlock(1, again);
    expect({ ...(snapshot(state) as object), position: 0 }).toEqual({
      ...(snapshot(fold(records)) as object),
      position: 0,
    });
  });

  it('follows an idempotency key through every end of its call', () => {
    const head = {
      call_id: 'c',
      tenant: 't',
      key_id: 'k',
      endpoint: 'ask',
      requested_model: 'm',
      qos: 'gold',
    } as const;
    const usage = { in_tokens: 1, out_tokens: 1, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const claim = { scope_hash: 's', body_hash: 'b' };
    const attempt = { n: 1, turn: 1, kind: 'primary', model: 'm', provider: 'p', in_tokens: 1, out_tokens: 1 } as const;
    type Ending = 'ok' | 'error' | 'interrupted' | undefined;
    const after = (outcome: Ending, expires_ms?: number, cost_usd_nanos: number = 0): unknown => {
      const idempotency = { ...claim, ...(expires_ms !== undefined && { expires_ms }) };
      const common = { v: 1, ...head, stream: true, started_ms: 900, idempotency } as const;
      const state = new LedgerFold('n1');
      const opened = { ...attempt, reserved_usd_nanos: 1 };
      state.applyBlock(1, [{ ...common, seq: 1, ts_ms: 1_000, type: 'call.opened', attempt: opened }]);
      if (outcome === 'ok') {
        const stored = { type: 'idempotency.stored', ...claim, call_id: 'c', expires_ms: 77, sealed: 'x' } as const;
        state.applyBlock(1, [{ v: 1, seq: 2, ts_ms: 2_000, ...stored }]);
      }
      const seq = state.position.seq + 1;
      const result = { outcome: outcome ?? 'ok', status: 200, attempts: [], usage, cost_usd_nanos, latency_ms: 1 };
      if (outcome !== undefined) state.applyBlock(1, [{ ...common, seq, ts_ms: 2_000, type: 'call.ended', ...result }]);
      const row = state.idempotency.get('s');
      return row && [row.state, row.sealed, row.expires_ms];
    };
    expect(after(undefined)).toEqual(['running', '', 1_000 + 86_400_000]);
    expect(after(undefined, 55)).toEqual(['running', '', 55]);
    expect(after('ok')).toEqual(['done', 'x', 77]);
    expect(after('interrupted')).toEqual(['interrupted', '', 2_000 + 86_400_000]);
    expect(after('interrupted', 55)).toEqual(['interrupted', '', 55]);
    expect(after('error')).toBeUndefined();
    // Billed without an outcome: kept as long as the configuration says, like every other key.
    expect(after('error', 55, 1)).toEqual(['done', '', 55]);
    expect(after('error', undefined, 1)).toEqual(['done', '', 2_000 + 86_400_000]);
  });

  it('moves a base over removed files to the state that the files would have given', () => {
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 1, noNaN: true }), (records, part) => {
        const cut = Math.floor(records.length * part);
        const folded = new BaseFold(emptyBase('n1', 'c0'));
        for (const record of records.slice(0, cut)) folded.apply(record);
        const base = parseBase(JSON.stringify(folded.at(1, 'c1')));
        const state = new LedgerFold('n1', base);
        const rest = records.slice(cut).map((record, i) => ({ ...record, seq: i + 1 }));
        state.applyBlock(2, rest);
        const whole = fold(records);
        expect(state.openCalls()).toEqual(whole.openCalls());
        expect(state.kills()).toEqual(whole.kills());
        expect(state.entities()).toEqual(whole.entities());
      }),
      { seed: 5, numRuns: 50 },
    );
    expect(parseBase('{"format":1}')).toBeUndefined();
    expect(parseBase('nonsense')).toBeUndefined();
  });
});

describe('recovery', () => {
  it('settles every opened call exactly once, wherever the journal was cut', () => {
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 1, noNaN: true }), (records, part) => {
        const kept = records.slice(0, Math.ceil(records.length * part));
        const opened = kept.filter((record) => record.type === 'call.opened').map((record) => record.call_id);
        const { state, ended } = recovered(kept);
        expect(new Set(state.usage.keys())).toEqual(new Set(opened));
        expect(state.openCalls()).toEqual([]);
        expect(recoverCalls(state.openCalls())).toEqual([]);
        for (const event of ended) expect(state.usage.get(event.call_id)?.outcome).toBe('interrupted');
        const running = [...state.idempotency.values()].filter((row) => row.state === 'running');
        expect(running).toEqual([]);
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('charges what ended attempts cost and what the running one had relayed', () => {
    fc.assert(
      fc.property(stream, (records) => {
        for (const call of fold(records).openCalls()) {
          const [event] = recoverCalls([call]);
          const { call_id } = call.head;
          const mine = records.filter((record) => 'call_id' in record && record.call_id === call_id);
          // Whoever reads the end alone knows the call as well as if it had ended by itself: its day, its trace.
          const { v: _v, seq: _seq, ts_ms: _ts, type: _type, attempt: _attempt, ...first } = mine[0] as Opened;
          expect(event).toMatchObject(first);
          const past = mine.filter((record) => record.type === 'attempt.ended').map((record) => record.attempt);
          const reported = mine.filter((record) => record.type === 'attempt.progress');
          const cut = event?.attempts.at(-1);
          expect(event?.attempts.slice(0, -1)).toEqual(past);
          expect(cut?.usage_source).toBe('counted');
          const last = reported.filter((record) => record.n === cut?.n).at(-1);
          expect(cut?.usage.out_tokens).toBe(last?.out_tokens ?? 0);
          const sum = past.reduce((total, attempt) => total + attempt.cost_usd_nanos, 0);
          expect(event?.cost_usd_nanos).toBe(sum + (cut?.cost_usd_nanos ?? Number.NaN));
        }
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it('counts by the price in the intent', () => {
    const head = {
      call_id: 'c',
      tenant: 't',
      key_id: 'k',
      endpoint: 'ask',
      requested_model: 'm',
      qos: 'gold',
    } as const;
    const price = {
      in_usd_micros_per_mtok: 1_000_000,
      out_usd_micros_per_mtok: 2_000_000,
      cached_in_usd_micros_per_mtok: 0,
      cache_write_usd_micros_per_mtok: 0,
      reasoning_usd_micros_per_mtok: 0,
      per_request_usd_nanos: 500,
    };
    const intent = { turn: 1, model: 'm', provider: 'p', in_tokens: 100, out_tokens: 9, reserved_usd_nanos: 1, price };
    const state = new LedgerFold('n1');
    state.applyBlock(1, [
      {
        ...{ v: 1, seq: 1, ts_ms: 1_000, type: 'call.opened', ...head, stream: true, started_ms: 900 },
        attempt: { ...intent, n: 1, kind: 'primary' },
      },
      { v: 1, seq: 2, ts_ms: 1_100, type: 'attempt.progress', call_id: 'c', n: 1, out_tokens: 30 },
      {
        v: 1,
        seq: 3,
        ts_ms: 1_200,
        type: 'attempt.started',
        call_id: 'c',
        attempt: { ...intent, n: 2, kind: 'hedge' },
      },
      { v: 1, seq: 4, ts_ms: 1_500, type: 'attempt.progress', call_id: 'c', n: 2, out_tokens: 10 },
    ]);
    const [event] = recoverCalls(state.openCalls());
    expect(event).toMatchObject({
      outcome: 'interrupted',
      error: 'call_interrupted',
      status: 409,
      latency_ms: 600,
      usage: { in_tokens: 200, out_tokens: 40 },
      cost_usd_nanos: 2 * (100 * 1_000 + 500) + 40 * 2_000,
      attempts: [
        { n: 1, outcome: 'interrupted', usage_source: 'counted', latency_ms: 500 },
        { n: 2, outcome: 'interrupted', usage_source: 'counted', latency_ms: 300 },
      ],
    });
  });
});
