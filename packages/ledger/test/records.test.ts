import fc from 'fast-check';
import type { Price, Usage } from '@atp-router/kernel';
import { describe, expect, it } from 'vitest';
import {
  type AttemptIntent,
  type AttemptRecord,
  type Block,
  type CallEnded,
  type CallHead,
  type CallOpened,
  type IdempotencyRef,
  type JournalRecord,
  modelOf,
  parseRecords,
  RecordEncoder,
  recordOf,
  type RouterEvent,
  type StoredRecord,
  storedRecords,
} from '../src/index.ts';
import { sampleStream, storedSample } from '../src/testing/index.ts';
import { count, maybe, text, time } from './support/arbitraries.ts';
import { toRecords } from './support/files.ts';

/** One arbitrary for each member: a new member of the catalogue does not compile until it is here. */
type Members<T> = { readonly [name in keyof Required<T>]: fc.Arbitrary<T[name]> };

const outcome = fc.constantFrom('ok', 'error', 'cancelled', 'interrupted');

const usage = fc.record<Usage>({
  in_tokens: count,
  out_tokens: count,
  cached_in_tokens: count,
  cache_write_tokens: count,
  reasoning_tokens: count,
} satisfies Members<Usage>);

const price = fc.record<Price>({
  in_usd_micros_per_mtok: count,
  out_usd_micros_per_mtok: count,
  cached_in_usd_micros_per_mtok: count,
  cache_write_usd_micros_per_mtok: count,
  reasoning_usd_micros_per_mtok: count,
  per_request_usd_nanos: count,
} satisfies Members<Price>);

const route = {
  n: count,
  turn: count,
  kind: fc.constantFrom('primary', 'retry', 'fallback', 'hedge'),
  model: text,
  provider: text,
  lane: maybe(fc.nat({ max: 40 })),
  role: maybe(fc.constantFrom('member', 'challenger', 'judge', 'arbiter')),
  source: maybe(text),
} as const;

const intent = fc.record<AttemptIntent>({
  ...route,
  in_tokens: count,
  out_tokens: count,
  reserved_usd_nanos: count,
  price: maybe(price),
} satisfies Members<AttemptIntent>);

const attempt = fc.record<AttemptRecord>({
  ...route,
  outcome,
  error: maybe(text),
  upstream_status: maybe(count),
  usage,
  usage_source: fc.constantFrom('reported', 'counted', 'none'),
  cost_usd_nanos: count,
  tools_usd_nanos: maybe(count),
  energy_joules: maybe(time),
  co2e_mg: maybe(time),
  region: maybe(text),
  offset_ms: maybe(time),
  latency_ms: time,
  ttfb_ms: maybe(time),
} satisfies Members<AttemptRecord>);

const idempotency = maybe(
  fc.oneof(
    fc.record<IdempotencyRef>({ scope_hash: text, body_hash: text }),
    fc.record({ scope_hash: text, body_hash: text, expires_ms: count }),
  ),
);

const head = {
  call_id: text,
  tenant: text,
  key_id: text,
  endpoint: text,
  requested_model: text,
  policy: maybe(text),
  agent: maybe(text),
  qos: fc.constantFrom('gold', 'silver', 'bronze'),
  task_type: maybe(text),
  stream: fc.boolean(),
  trace_id: maybe(text),
  parent_span_id: maybe(text),
  trace_sampled: maybe(fc.boolean()),
  started_ms: count,
  budget_day: maybe(fc.constantFrom('2026-11-22', '2026-11-23')),
} satisfies Members<CallHead>;

const opened = fc.record<CallOpened>({
  type: fc.constant('call.opened'),
  ...head,
  idempotency,
  attempt: intent,
} satisfies Members<CallOpened>);

const ended = fc
  .record<CallEnded>({
    type: fc.constant('call.ended'),
    ...head,
    outcome,
    error: maybe(text),
    status: count,
    attempts: fc.oneof(
      attempt.map((one) => [one]),
      fc.array(attempt, { maxLength: 3 }),
    ),
    usage,
    cost_usd_nanos: count,
    energy_joules: maybe(time),
    co2e_mg: maybe(time),
    latency_ms: time,
    ttfb_ms: maybe(time),
    idempotency,
  } satisfies Members<CallEnded>)
  // As routers write them: the usage is mostly that of the one attempt.
  .chain((event) => {
    const [first] = event.attempts;
    return first === undefined ? fc.constant(event) : fc.constantFrom(event, { ...event, usage: first.usage });
  });

const event: fc.Arbitrary<RouterEvent> = fc.oneof(
  { arbitrary: opened, weight: 3 },
  { arbitrary: ended, weight: 3 },
  fc.record({ type: fc.constant('attempt.started' as const), call_id: text, attempt: intent }),
  fc.record({ type: fc.constant('attempt.ended' as const), call_id: text, attempt }),
  fc.nat().map((seed) => sampleStream(seed, 1)[0]?.event ?? { type: 'node.stopped' as const, reason: 'x' }),
);

function blockOf(lines: readonly string[]): Block {
  const body = new TextEncoder().encode(lines.join(''));
  return { first_seq: 1, count: lines.length, offset: 0, end_offset: body.length, chain: '', body };
}

/** What JSON alone would keep of an event. */
function plain(record: JournalRecord): unknown {
  return JSON.parse(JSON.stringify(record));
}

function encoded(events: readonly RouterEvent[]): { lines: string[]; records: JournalRecord[] } {
  const encoder = new RecordEncoder();
  const records = events.map((one, i) => ({ v: 1, seq: i + 1, ts_ms: 5 + (i >> 1), ...one }));
  return { lines: events.map((one, i) => encoder.encode(one, i + 1, 5 + (i >> 1))), records };
}

describe('records', () => {
  it('come back from their lines as they were, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (events) => {
        const { lines, records } = encoded(events);
        for (const line of lines) expect(line.indexOf('\n')).toBe(line.length - 1);
        const { records: read, fault } = parseRecords(blockOf(lines));
        expect(fault).toBeUndefined();
        expect(read).toEqual(records.map(plain));
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('are what JSON.stringify makes of them, apart from the members that others imply', () => {
    fc.assert(
      fc.property(event, (one) => {
        const [line = ''] = encoded([one]).lines;
        const written = JSON.parse(line) as object;
        expect({ v: 1, seq: 1, ts_ms: 5, ...(plain(one as JournalRecord) as object) }).toMatchObject(written);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('leave out what is usual, and only that', () => {
    const zero = { cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    const lines = (events: readonly RouterEvent[]): unknown[] => encoded(events).lines.map((line) => JSON.parse(line));
    const [call] = fc.sample(ended, { seed: 3, numRuns: 1 });
    const [one] = fc.sample(attempt, { seed: 3, numRuns: 1 });
    if (call === undefined || one === undefined) throw new Error('no sample');
    const used = { in_tokens: 3, out_tokens: 4, ...zero };
    const more = { ...used, cached_in_tokens: 2 };
    const [single, double, odd] = lines([
      { ...call, attempts: [{ ...one, usage: used }], usage: used },
      {
        ...call,
        attempts: [
          { ...one, usage: used },
          { ...one, usage: more },
        ],
        usage: { ...more, in_tokens: 6, out_tokens: 8 },
      },
      { ...call, attempts: [{ ...one, usage: more }], usage: used },
    ]) as { usage?: unknown; attempts: { usage: unknown }[] }[];
    expect([single?.usage, double?.usage]).toEqual([undefined, undefined]);
    expect(single?.attempts[0]?.usage).toEqual({ in_tokens: 3, out_tokens: 4 });
    expect(odd?.usage).toEqual({ in_tokens: 3, out_tokens: 4 });
    expect(odd?.attempts[0]?.usage).toEqual({ in_tokens: 3, out_tokens: 4, cached_in_tokens: 2 });
  });

  it('keep members and types that this version does not know', () => {
    const line =
      '{"v":1,"seq":1,"ts_ms":5,"type":"call.ended","call_id":"c","mood":"odd","attempts":[{"usage":{"in_tokens":1,"out_tokens":2,"sung_tokens":3},"sky":"grey"}]}\n';
    const { records, fault } = parseRecords(blockOf([line]));
    expect(fault).toBeUndefined();
    const usage = { in_tokens: 1, out_tokens: 2, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
    expect(records[0]).toMatchObject({
      mood: 'odd',
      usage,
      attempts: [{ usage: { ...usage, sung_tokens: 3 }, sky: 'grey' }],
    });
  });

  it('are a fault of their block when they lack what their type needs', () => {
    const line = '{"v":1,"seq":1,"ts_ms":5,"type":"call.ended","call_id":"c","attempts":[{"n":1}]}\n';
    expect(parseRecords(blockOf([line])).fault?.reason).toBe('the record is no call.ended');
  });
});

describe('stored records', () => {
  /** What a projection may learn of a record without parsing it must be what parsing it says. */
  function check(stored: StoredRecord, record: JournalRecord): void {
    expect(recordOf(stored.text)).toEqual(record);
    if (stored.kind === 'opened') {
      expect(record).toMatchObject({ type: 'call.opened', call_id: stored.call_id });
      expect('idempotency' in record).toBe(false);
    } else if (stored.kind === 'ended') {
      if (record.type !== 'call.ended') throw new Error(`a ${record.type} was taken for an end`);
      const { attempts, ...end } = stored.end;
      expect(record).toMatchObject({ ...end, attempts: [{}] });
      expect(record.attempts[0]).toMatchObject(attempts[0] ?? {});
      expect(modelOf(stored.end)).toBe(modelOf(record));
      expect('idempotency' in record).toBe(false);
    } else expect(stored.record).toEqual(record);
  }

  it('say of a line what its JSON says', () => {
    const seen = { opened: 0, ended: 0, parsed: 0 };
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 8 }), (events) => {
        const { lines } = encoded(events);
        const { records: parsed } = parseRecords(blockOf(lines));
        const { records: stored, fault } = storedRecords(blockOf(lines));
        expect(fault).toBeUndefined();
        expect(stored).toHaveLength(parsed.length);
        for (const [i, one] of stored.entries()) {
          seen[one.kind] += 1;
          check(one, parsed[i] as JournalRecord);
        }
      }),
      { seed: 4, numRuns: 1_000 },
    );
    expect(Math.min(seen.opened, seen.ended, seen.parsed)).toBeGreaterThan(200);
  });

  it('are not parsed when they are the first or the usual last record of a call', () => {
    const records = toRecords(sampleStream(8, 600));
    const of_type = (type: string): JournalRecord[] => records.filter((record) => record.type === type);
    const kinds = (kind: string): number => storedSample(records).filter((stored) => stored.kind === kind).length;
    const plain = of_type('call.opened').filter((one) => !('idempotency' in one)).length;
    const single = of_type('call.ended').filter(
      (record) =>
        record.type === 'call.ended' &&
        record.attempts.length === 1 &&
        !('idempotency' in record) &&
        !('budget_day' in record),
    );
    expect([kinds('opened'), kinds('ended'), plain > 10 && single.length > 10]).toEqual([plain, single.length, true]);
  });

  it('are not taken for others that look alike', () => {
    const [line = ''] = encoded(fc.sample(ended, { seed: 9, numRuns: 1 })).lines;
    const usual = '{"v":1,"seq":1,"ts_ms":5,"type":"call.opened","call_id":"c","tenant":"t"}\n';
    expect(storedRecords(blockOf([usual])).records[0]?.kind).toBe('opened');
    expect(storedRecords(blockOf([usual.replace('"c"', '"c\\u0031"')])).records[0]?.kind).toBe('parsed');
    expect(storedRecords(blockOf([usual.replace('"seq":1', '"seq":2')])).fault?.reason).toBe('the record says seq 2');
    expect(storedRecords(blockOf([usual.replace('"v":1', '"v":2')])).fault?.reason).toContain('event version 2');
    expect(storedRecords(blockOf([line.replace('"seq":1,', '"seq":2,')])).fault?.reason).toBe('the record says seq 2');
  });
});
