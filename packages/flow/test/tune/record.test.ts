import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOAD_LIMITS } from '../../src/tune/load/format.ts';
import { readLoad } from '../../src/tune/load/read.ts';
import { type RecordedCall, recordLoad } from '../../src/tune/load/record.ts';
import { writeLoad } from '../../src/tune/load/write.ts';

const START_MS = 1_790_000_000_000;

function call(at_ms: number, changes: Partial<RecordedCall> = {}): RecordedCall {
  const tokens = { in_tokens: 100, out_tokens: 50 };
  const times = { started_ms: START_MS + at_ms, latency_ms: 1_200, ttfb_ms: 200 };
  return { ...times, ...tokens, tenant: 'acme', qos: 'gold', outcome: 'ok', ...changes };
}

describe('recording', () => {
  test('makes a load of usage records: arrivals as they were, the fleet as it seemed', () => {
    const records = [call(2_000, { tenant: 'blue', qos: 'bronze' }), call(0), call(500), call(3_000)];
    const recording = recordLoad(records);
    expect(recording).toMatchObject({ skipped: 0, cut: 0 });
    expect(recording?.load.arrivals.map(({ at_ms, tenant, qos }) => [at_ms, tenant, qos])).toEqual([
      [0, 't1', 'gold'],
      [500, 't1', 'gold'],
      [2_000, 't2', 'bronze'],
      [3_000, 't1', 'gold'],
    ]);
    // 1000 ms for 50 tokens after the first one; two were in flight at 500 and at 3000.
    expect(recording?.load.fleet).toMatchObject({ fixed_ms: 200, out_us_per_token: 20_000, servers: 1, knee: 2 });
    expect(recording?.load).toMatchObject({ start_ms: START_MS, duration_ms: 6_000, train_ms: 3_600 });
    // Two places, each 150 tokens in 1.2 s.
    expect(recording?.load.goal).toEqual({ p95_ms: 1_200, capacity_tokens_per_s: 250 });
  });

  test('keeps names when asked to, and takes what somebody knows better', () => {
    const recording = recordLoad([call(0)], { keep_names: true, knee: 16, p95_ms: 3_000, timeout_ms: 9_000 });
    expect(recording?.load.arrivals[0]?.tenant).toBe('acme');
    expect(recording?.load.fleet).toMatchObject({ knee: 16, timeout_ms: 9_000 });
    expect(recording?.load.goal.p95_ms).toBe(3_000);
    expect(JSON.stringify(recordLoad([call(0)]))).not.toContain('acme');
  });

  test('skips records that cannot be true, and cuts what is beyond a load', () => {
    const wrong = [
      call(0, { latency_ms: NaN }),
      call(0, { started_ms: -1 }),
      call(0, { in_tokens: 1.5 }),
      call(0, { out_tokens: 1e12 }),
      call(0, { tenant: '' }),
      call(0, { started_ms: Infinity }),
    ];
    const late = call(LOAD_LIMITS.duration_ms);
    expect(recordLoad([...wrong, call(0), late])).toMatchObject({ skipped: 6, cut: 1 });
    const many = Array.from({ length: 1_500 }, (_, i) => call(i, { tenant: `tenant-${i}` }));
    const names = new Set(recordLoad(many)?.load.arrivals.map(({ tenant }) => tenant));
    expect(names.size).toBe(LOAD_LIMITS.tenants);
    expect(names.has('others')).toBe(true);
  });

  test('says that there is nothing when no call was answered', () => {
    expect(recordLoad([])).toBeUndefined();
    expect(recordLoad([call(0, { outcome: 'error' })])).toBeUndefined();
  });

  test('writes no -0, which JSON does not have', () => {
    const recording = recordLoad([call(0, { started_ms: -0, in_tokens: -0, out_tokens: -0 })]);
    expect(recording?.load.arrivals[0]).toEqual({ at_ms: 0, tenant: 't1', qos: 'gold', in_tokens: 0, out_tokens: 0 });
    expect(recording?.load.start_ms).toBe(0);
  });

  test('makes loads that can be read, whatever the records hold', () => {
    const number = fc.oneof(fc.nat(100_000), fc.double());
    const record: fc.Arbitrary<RecordedCall> = fc.record({
      started_ms: fc.oneof(fc.nat(100_000_000), fc.double()),
      latency_ms: number,
      ttfb_ms: fc.oneof(number, fc.constant(null)),
      tenant: fc.string(),
      qos: fc.string(),
      outcome: fc.constantFrom('ok', 'error'),
      in_tokens: number,
      out_tokens: number,
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 50 }), fc.boolean(), (records, keep_names) => {
        const recording = recordLoad(records, { keep_names });
        if (recording === undefined) return;
        expect(readLoad(writeLoad(recording.load))).toEqual(recording.load);
        expect(recording.load.arrivals.length + recording.skipped + recording.cut).toBe(records.length);
      }),
    );
  });
});
