import type { AttemptRecord, CallEnded, CallHead, CallOutcome } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import type { Books } from '../src/journal.ts';
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

function problemsOf(outcome: CallOutcome, requests: number, ...attempts: AttemptRecord[]): string[] {
  const [{ usage, cost_usd_nanos } = attempt(1, 'ok')] = attempts;
  const ended: CallEnded = {
    ...{ type: 'call.ended', ...HEAD, outcome, status: 200, attempts, usage, cost_usd_nanos, latency_ms: 1 },
  };
  const books: Books = {
    opened: new Map([['c', { type: 'call.opened', ...HEAD, attempt: {} as never }]]),
    ended: new Map([['c', ended]]),
    problems: [],
  };
  const log = Array.from({ length: requests }, (_, n) => [
    { t: 'request', n, req: 'r0c0x0' },
    { t: 'usage', n },
  ]).flat() as LogLine[];
  return compare(log, books, []);
}

const NOTHING = { in_tokens: 0, out_tokens: 0, cached_in_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0 };
const FREE: Partial<AttemptRecord> = { usage: NOTHING, usage_source: 'none', cost_usd_nanos: 0 };

test.each([
  ['a good answer', 'ok', 1, [attempt(1, 'ok')]],
  ['one that beat another', 'ok', 2, [attempt(1, 'cancelled'), attempt(2, 'ok')]],
  ['one whose rival was not sent', 'ok', 1, [attempt(1, 'ok'), attempt(2, 'cancelled', FREE)]],
  ['one behind a refusal', 'ok', 2, [attempt(1, 'error', { ...FREE, upstream_status: 503 }), attempt(2, 'ok')]],
  ['a client that left', 'cancelled', 1, [attempt(1, 'cancelled')]],
  ['a crash', 'interrupted', 1, [attempt(1, 'interrupted'), attempt(2, 'interrupted')]],
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
