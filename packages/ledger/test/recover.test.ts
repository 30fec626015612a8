import { expect, it } from 'vitest';
import { type AttemptIntent, type JournalRecord, type OpenCall, OpenCalls, recoverCalls } from '../src/index.ts';

const REPORTED = {
  ...{ in_tokens: 900, out_tokens: 300 },
  ...{ cached_in_tokens: 800, cache_write_tokens: 50, reasoning_tokens: 290 },
};

const INTENT: AttemptIntent = {
  ...{ n: 1, turn: 1, kind: 'primary', model: 'm', provider: 'p' },
  ...{ in_tokens: 100, out_tokens: 9, reserved_usd_nanos: 1 },
  price: {
    ...{ in_usd_micros_per_mtok: 1_000_000, out_usd_micros_per_mtok: 2_000_000, per_request_usd_nanos: 0 },
    ...{ cached_in_usd_micros_per_mtok: 100_000, cache_write_usd_micros_per_mtok: 2_000_000 },
    reasoning_usd_micros_per_mtok: 3_000_000,
  },
};

const OPENED: JournalRecord = {
  ...{ v: 1, seq: 1, ts_ms: 1_000, type: 'call.opened', call_id: 'c', tenant: 't', key_id: 'k', endpoint: 'ask' },
  ...{ requested_model: 'm', qos: 'gold', stream: true, started_ms: 900, attempt: INTENT },
};

const PROGRESS = { v: 1, ts_ms: 1_100, type: 'attempt.progress', call_id: 'c', n: 1 } as const;

it('counts what a provider had reported, and no less output than was counted', () => {
  const open = new OpenCalls();
  open.apply(OPENED);
  open.apply({ ...PROGRESS, seq: 2, out_tokens: 30, reported: REPORTED });
  const [thinking] = recoverCalls(open.list());
  expect(thinking).toMatchObject({
    usage: REPORTED,
    cost_usd_nanos: 50 * 1_000 + 800 * 100 + 50 * 2_000 + 10 * 2_000 + 290 * 3_000,
    attempts: [{ usage_source: 'counted' }],
  });

  // As after a restart, where the call comes from its table. A record without a report leaves the last one.
  const again = new OpenCalls(JSON.parse(JSON.stringify(open.list())) as OpenCall[]);
  again.apply({ ...PROGRESS, seq: 3, out_tokens: 400 });
  expect(recoverCalls(again.list())[0]?.usage).toEqual({ ...REPORTED, out_tokens: 400 });
});

it('keeps which lane of a fan-out an interrupted attempt was of', () => {
  const open = new OpenCalls();
  const mark = { lane: 2, role: 'member', source: 'b' } as const;
  open.apply({ ...OPENED, attempt: { ...INTENT, ...mark } } as JournalRecord);
  expect(recoverCalls(open.list())[0]?.attempts).toMatchObject([mark]);
});
