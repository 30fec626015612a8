import type { ConsensusEnded, ConsensusLane } from '@atp-router/ledger';
import { expect, test } from 'vitest';
import { RouterMetrics } from '../../src/observe/metrics.ts';
import { valueIn } from './support.ts';

const LANE: Omit<ConsensusLane, 'lane' | 'source'> = {
  ...{ role: 'member', clone: 0, state: 'finalized', share: 0.5, attempts: 1, waits: 2, answer_chars: 9 },
  ...{ tokens: 15, cost_usd_nanos: 20_000 },
};

const SESSION: ConsensusEnded = {
  ...{ type: 'consensus.ended', call_id: 'call_1', tenant: 'acme', policy: 'panel', strategy: 'champion' },
  ...{ mode: 'diverse', outcome: 'ok', started_ms: 1_700_000_000_000, agreement: 0.5 },
  confidence: { raw: 0.9, calibrated: 0.6 },
  lanes: [
    { ...LANE, lane: 0, source: 'a' },
    { ...LANE, lane: 1, source: 'b', role: 'challenger' },
    { ...LANE, lane: 2, source: 'c', state: 'cancelled', reason: 'early_exit' },
  ],
  follow_ups: [
    { id: 'x', role: 'arbiter', source: 'd', answered: true, asked_ms: 1, tokens: 1, cost_usd_nanos: 1_000 },
    { id: 'y', role: 'judge', source: 'e', answered: false, asked_ms: 1, tokens: 0, cost_usd_nanos: 0 },
  ],
  ...{ challenger: 'win', provisional: 3, revisions: 2, documents: 0, tokens: 46, cost_usd_nanos: 61_000 },
  arbiter: { used: true, refused_by_cap: false },
  timing: { dispatch_ms: 1, stream_ms: 20, reconcile_ms: 3, complete_ms: 24 },
  ...{ decision: [], uncertainties: [], sealed: '' },
  heatmap: { shared: 0.25, lanes: [] },
};

test('a session is counted by what became of it, its lanes and its questions', async () => {
  const metrics = new RouterMetrics('1');
  metrics.observe(SESSION);
  // That an escalation stopped its lanes saved none of them.
  const escalated = { ...SESSION, escalation: 'low_conf', arbiter: { used: false, refused_by_cap: true } } as const;
  metrics.observe({ ...escalated, strategy: 'arbiter', outcome: 'ok' });
  const text = await metrics.render();
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
    valueIn(text, `atp_consensus_${name}`, labels);
  expect(value('sessions_total', { strategy: 'champion', mode: 'diverse', outcome: 'ok' })).toBe(1);
  expect(value('lanes_total', { role: 'member', state: 'finalized' })).toBe(2);
  expect(value('lanes_total', { role: 'challenger', state: 'finalized' })).toBe(2);
  expect(value('follow_ups_total', { role: 'judge', answered: 'false' })).toBe(2);
  expect(value('escalations_total', { cause: 'low_conf' })).toBe(1);
  expect(value('challengers_total', { outcome: 'win' })).toBe(2);
  expect([value('arbiter_used_total'), value('arbiter_cap_hits_total')]).toEqual([1, 1]);
  expect([value('early_exits_total'), value('lanes_saved_total')]).toEqual([1, 1]);
  expect([value('provisional_total'), value('revisions_total'), value('buffer_waits_total')]).toEqual([6, 4, 12]);
  expect(value('agreement_bucket', { strategy: 'champion', le: '0.5' })).toBe(1);
  expect(value('confidence_sum', { strategy: 'champion' })).toBe(0.9);
  expect(value('confidence_calibrated_sum', { strategy: 'champion' })).toBe(0.6);
  expect(value('phase_seconds_sum', { phase: 'reconcile' })).toBe(0.006);
  expect(value('cost_usd_micros_sum', { strategy: 'champion' })).toBe(61);
  expect(value('heatmap_shared_count')).toBe(2);
  expect(text).not.toMatch(/atp_consensus_[^\n]*(acme|panel|call_1)/);
});
