import { addUsage, type Price } from '@atp-router/kernel';
import type { AttemptIntent, AttemptRecord, CallHead, CallOutcome, JournalRecord } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { compare } from '../src/kill/check.ts';
import { SERVED } from '../src/kill/workload.ts';
import type { LogLine } from '../src/upstream/log.ts';

const HEAD: CallHead = {
  ...{ call_id: 'c', tenant: 'acme', key_id: 'k1', endpoint: 'messages', requested_model: 'policy:hedged' },
  ...{ qos: 'gold', task_type: 'r0c0x0', stream: true, started_ms: 0 },
};

/** 40 and 700 tokens at 37.5 and 150.5 nano-dollars, and the fee. */
const WHOLE = 40 * 37.5 + 700 * 150.5 + 3_000;
/** 43 and 3 tokens are 2,064 nano-dollars; the half of one is rounded up to it. */
const PART = 2_064 + 3_000;

function attempt(n: number, outcome: CallOutcome, over: Partial<AttemptRecord> = {}): AttemptRecord {
  const [in_tokens, out_tokens] = outcome === 'ok' ? [SERVED.in_tokens, SERVED.out_tokens] : [43, 3];
  return {
    ...{ n, turn: 1, kind: n === 1 ? 'primary' : 'hedge', model: 'm-chat', provider: 'chat', outcome, latency_ms: 1 },
    usage: { in_tokens, out_tokens, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 },
    usage_source: outcome === 'ok' ? 'reported' : 'counted',
    cost_usd_nanos: outcome === 'ok' ? WHOLE : PART,
    ...(outcome === 'ok' && { upstream_status: 200 }),
    ...over,
  };
}

/** The intent that an attempt of these tests keeps. */
function intentOf({ n, turn, kind, model, provider }: AttemptRecord): AttemptIntent {
  const price: Price = {
    ...{ in_usd_micros_per_mtok: 37_500, cached_in_usd_micros_per_mtok: 37_500 },
    ...{ cache_write_usd_micros_per_mtok: 37_500, per_request_usd_nanos: 3_000 },
    ...{ out_usd_micros_per_mtok: 150_500, reasoning_usd_micros_per_mtok: 150_500 },
  };
  return { n, turn, kind, model, provider, in_tokens: 43, out_tokens: 1, reserved_usd_nanos: 1, price };
}

/** One call with these attempts, of which the upstream saw the first so many and wrote 3 tokens to each. */
function problemsOf(outcome: CallOutcome, requests: number, ...attempts: AttemptRecord[]): string[] {
  const [{ usage, cost_usd_nanos } = attempt(1, 'ok')] = attempts;
  const events = attempts.flatMap((one, i) => [
    i === 0
      ? { type: 'call.opened', ...HEAD, attempt: intentOf(one) }
      : { type: 'attempt.started', call_id: 'c', attempt: intentOf(one) },
    ...(one.usage.out_tokens === 3 ? [{ type: 'attempt.progress', call_id: 'c', n: one.n, out_tokens: 3 }] : []),
  ]);
  const ended = { type: 'call.ended', ...HEAD, outcome, status: 200, attempts, latency_ms: 1 };
  const sums = attempts.slice(1).reduce((sum, one) => addUsage(sum, one.usage), usage);
  const cost = attempts.slice(1).reduce((sum, one) => sum + one.cost_usd_nanos, cost_usd_nanos);
  const records = [...events, { ...ended, usage: sums, cost_usd_nanos: cost }] as unknown as JournalRecord[];
  const log = Array.from({ length: requests }, (_, n) => [
    { t: 'request', n, req: HEAD.task_type, provider: 'chat', status: attempts[n]?.upstream_status ?? 200 },
    { t: 'wrote', n, out_tokens: 3 },
    { t: 'usage', n, usage: SERVED },
  ]).flat() as LogLine[];
  const client = { req: HEAD.task_type ?? '', path: '', body: '', key: undefined, leaves: undefined };
  return compare({ log, records, clients: [client] });
}

const NOTHING = { in_tokens: 0, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
/** In flight at the crash: the prompt, at 37.5 nano-dollars a token, and the fee. */
const UNSEEN: Partial<AttemptRecord> = { usage: { ...NOTHING, in_tokens: 43 }, cost_usd_nanos: 1_613 + 3_000 };
const FREE: Partial<AttemptRecord> = { usage: NOTHING, usage_source: 'none', cost_usd_nanos: 0 };

test.each([
  ['a good answer', 'ok', 1, [attempt(1, 'ok')]],
  ['one that beat another', 'ok', 2, [attempt(1, 'cancelled'), attempt(2, 'ok')]],
  ['one whose rival was not sent', 'ok', 1, [attempt(1, 'ok'), attempt(2, 'cancelled', FREE)]],
  ['one behind a refusal', 'ok', 2, [attempt(1, 'error', { ...FREE, upstream_status: 503 }), attempt(2, 'ok')]],
  ['a client that left', 'cancelled', 1, [attempt(1, 'cancelled')]],
  ['a crash', 'interrupted', 1, [attempt(1, 'interrupted'), attempt(2, 'interrupted', UNSEEN)]],
] as const)('is content with %s', (_name, outcome, requests, attempts) => {
  expect(problemsOf(outcome, requests, ...attempts)).toEqual([]);
});

test.each([
  ['a wrong cost of a good answer', 'ok', 1, [attempt(1, 'ok', { cost_usd_nanos: WHOLE + 1 })]],
  ['a cost rounded down', 'cancelled', 1, [attempt(1, 'cancelled', { cost_usd_nanos: PART - 1 })]],
  ['a loser that the upstream served and nobody pays', 'ok', 2, [attempt(1, 'ok'), attempt(2, 'cancelled', FREE)]],
  ['a client that left without paying', 'cancelled', 1, [attempt(1, 'cancelled', FREE)]],
  ['a crash that costs nothing', 'interrupted', 1, [attempt(1, 'interrupted', { cost_usd_nanos: 0 })]],
  ['a refusal that costs', 'cancelled', 1, [attempt(1, 'error', { upstream_status: 503 })]],
  ['two good answers', 'ok', 2, [attempt(1, 'ok'), attempt(2, 'ok')]],
  ['an answer that nobody gave', 'ok', 0, [attempt(1, 'ok')]],
  ['usage that was not reported', 'ok', 1, [attempt(1, 'ok', { usage_source: 'counted' })]],
] as const)('notices %s', (_name, outcome, requests, attempts) => {
  expect(problemsOf(outcome, requests, ...attempts)).not.toEqual([]);
});
