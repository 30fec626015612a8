import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  afterMove,
  type Holding,
  judge,
  type Judged,
  LIFECYCLE_RULES as RULES,
  type ModelStatus,
  moveRefusal,
  type Move,
  replayMoves,
  rollbackTarget,
  statusOf,
} from '@atp-router/routing';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const ratio = fc.double({ min: 0, max: 3, noNaN: true });
const near = (limit: number) => fc.oneof(fc.constant(limit), ratio, share);

const EVIDENCE = fc.record({
  samples: fc.oneof(fc.constant(RULES.min_samples), fc.nat(1_000)),
  format_share: near(RULES.format_share),
  parity: near(RULES.parity),
  escalation_share: near(RULES.escalation_share),
  agreement: share,
  latency_ratio: near(RULES.latency_ratio),
  cost_ratio: fc.option(near(RULES.cost_ratio), { nil: undefined }),
});

const JUDGED: fc.Arbitrary<Judged> = fc.record({
  status: fc.constantFrom<ModelStatus>('shadow', 'active', 'fallback', 'deprecated'),
  evidence: EVIDENCE,
  format: fc.record({ answers: fc.nat(100), errors: fc.nat(100) }),
  incidents: fc.constantFrom(0, 0, 0, 1, 2),
  was_promoted: fc.boolean(),
  price_ratio: fc.option(ratio, { nil: undefined }),
  drift: fc.record({ tenants: fc.nat(5), of: fc.nat(5), shift: fc.double({ min: 0, max: 1, noNaN: true }) }),
  rested_ms: fc.option(fc.nat(2 * RULES.rest_ms), { nil: undefined }),
});

const GOOD: Judged['evidence'] = {
  ...{ samples: 200, format_share: 0.98, parity: 0.95, escalation_share: 0.049, agreement: 0.9 },
  ...{ latency_ratio: 1.1, cost_ratio: 0.7 },
};
const SHADOW: Judged = {
  ...{ status: 'shadow', evidence: GOOD, format: { answers: 0, errors: 0 }, incidents: 0 },
  ...{ was_promoted: false, price_ratio: undefined, drift: { tenants: 0, of: 3, shift: 0 }, rested_ms: undefined },
};
const ACTIVE: Judged = { ...SHADOW, status: 'active' };

it('promotes at its limits, and not a hair beside one of them', () => {
  expect(judge(SHADOW, RULES)).toMatchObject({ kind: 'promote', to: 'active', cause: 'evidence' });
  const worse: readonly Partial<Judged['evidence']>[] = [
    { samples: 199 },
    { format_share: 0.979 },
    { parity: 0.949 },
    { escalation_share: 0.05 },
    { latency_ratio: 1.101 },
    { cost_ratio: 0.701 },
    { cost_ratio: undefined },
  ];
  for (const one of worse) {
    const verdict = judge({ ...SHADOW, evidence: { ...GOOD, ...one } }, RULES);
    expect([one, verdict.kind, verdict.why.length]).toEqual([one, 'hold', 1]);
  }
  expect(judge({ ...SHADOW, incidents: 1 }, RULES).kind).toBe('hold');
  expect(judge({ ...SHADOW, rested_ms: RULES.rest_ms - 1 }, RULES).kind).toBe('hold');
});

it('demotes for each cause, with its numbers', () => {
  const cause = (of: Partial<Judged>): unknown => {
    const verdict = judge({ ...ACTIVE, ...of }, RULES);
    return verdict.kind === 'hold' ? 'hold' : [verdict.kind, verdict.to, verdict.cause, verdict.numbers];
  };
  expect(cause({})).toBe('hold');
  expect(cause({ format: { answers: 50, errors: 2 } })).toBe('hold');
  expect(cause({ format: { answers: 49, errors: 49 } })).toBe('hold');
  const format = { answers: 50, errors: 3 };
  expect(cause({ format })).toEqual(['demote', 'fallback', 'format_errors', format]);
  expect(cause({ price_ratio: 2 })).toBe('hold');
  expect(cause({ price_ratio: 1.25, was_promoted: true })).toBe('hold');
  expect(cause({ price_ratio: 1.26, was_promoted: true })).toEqual([
    'demote',
    'fallback',
    'too_dear',
    { price_ratio: 1.26 },
  ]);
  const drift = { tenants: 2, of: 3, shift: 0.2 };
  expect(cause({ drift })).toEqual(['demote', 'fallback', 'quality_drift', { tenants: 2, shift: 0.2 }]);
  expect(cause({ drift, rested_ms: 1 })).toBe('hold');
  // What one of several tenants says moves nobody's model; where there is one alone, it does.
  expect(cause({ drift: { ...drift, tenants: 1 } })).toBe('hold');
  expect(cause({ drift: { ...drift, tenants: 1, of: 1 } })).toMatchObject({ 2: 'quality_drift' });
  expect(cause({ incidents: 1, rested_ms: 1 })).toEqual(['demote', 'fallback', 'safety_incident', { incidents: 1 }]);
});

it('promotes nobody without all of the evidence, and moves nobody back', () => {
  fc.assert(
    fc.property(JUDGED, (of) => {
      const verdict = judge(of, RULES);
      if (verdict.kind === 'hold') return;
      expect(moveRefusal(of.status, verdict.to)).toBeUndefined();
      if (verdict.kind === 'demote') {
        expect([of.status, verdict.to]).toEqual(['active', 'fallback']);
        return;
      }
      const { evidence } = of;
      expect(of.status).toBe('shadow');
      expect(evidence.samples).toBeGreaterThanOrEqual(200);
      expect(evidence.format_share).toBeGreaterThanOrEqual(0.98);
      expect(evidence.parity).toBeGreaterThanOrEqual(0.95);
      expect(evidence.latency_ratio).toBeLessThanOrEqual(1.1);
      expect(evidence.cost_ratio ?? 1).toBeLessThanOrEqual(0.7);
      expect(evidence.escalation_share).toBeLessThan(0.05);
      expect(of.incidents).toBe(0);
      expect(verdict.numbers).toMatchObject({ samples: evidence.samples, parity: evidence.parity });
    }),
    { numRuns: 2_000 },
  );
});

/** What happens to one model: time passes and evidence is as it is, or an operator takes the last move back. */
const HISTORY = fc.array(fc.record({ wait_ms: fc.nat(RULES.rest_ms), seen: JUDGED, rolls_back: fc.boolean() }), {
  maxLength: 60,
});

it('never flaps: by the rules alone a model is moved twice at most, and no sooner than a rest, incidents aside', () => {
  fc.assert(
    fc.property(HISTORY, fc.constantFrom<ModelStatus>('shadow', 'active'), (history, configured) => {
      let now_ms = 0;
      let holding: Holding = [];
      const moves: Move[] = [];
      const take = (move: Pick<Move, 'from' | 'to' | 'cause' | 'numbers'>, by: string): void => {
        const whole = { ...move, note: '', by, at_ms: now_ms };
        moves.push(whole);
        holding = afterMove(holding, whole);
      };
      for (const { wait_ms, seen, rolls_back } of history) {
        now_ms += wait_ms;
        const from = statusOf(holding, configured);
        const back = rollbackTarget(holding, configured);
        if (rolls_back && back !== undefined) take({ from, to: back, cause: 'rollback', numbers: {} }, 'root');
        const last = moves.at(-1);
        const rested_ms = last && now_ms - last.at_ms;
        const status = statusOf(holding, configured);
        const verdict = judge({ ...seen, status, rested_ms }, RULES);
        if (verdict.kind === 'hold') continue;
        if (verdict.cause !== 'safety_incident')
          expect(rested_ms ?? RULES.rest_ms).toBeGreaterThanOrEqual(RULES.rest_ms);
        take({ from: status, to: verdict.to, cause: verdict.cause, numbers: verdict.numbers }, 'rule');
      }
      // Between two acts of an operator.
      let by_rule = 0;
      for (const { by } of moves) {
        by_rule = by === 'rule' ? by_rule + 1 : 0;
        expect(by_rule).toBeLessThanOrEqual(2);
      }
      expect(replayMoves(moves)).toEqual(holding);
      expect(holding.length).toBeLessThanOrEqual(3);
    }),
    { numRuns: 500 },
  );
});
