import { expect, test } from 'vitest';
import { parseDecisions, quantileBetween } from '../src/decisions.ts';

const METRICS = `# TYPE atp_decision_seconds histogram
atp_decision_seconds_bucket{le="0.00001"} 40
atp_decision_seconds_bucket{le="0.00002"} 90
atp_decision_seconds_bucket{le="+Inf"} 100
atp_decision_seconds_sum 1
other_bucket{le="0.00001"} 7
`;

test('decisions are read from the metrics, and their quantiles are of what came between', () => {
  const after = parseDecisions(METRICS);
  expect([...after]).toEqual([
    [0.00001, 40],
    [0.00002, 90],
    [Infinity, 100],
  ]);
  const nothing = new Map<number, number>();
  expect(quantileBetween(nothing, after, 0.2)).toBeCloseTo(5);
  expect(quantileBetween(nothing, after, 0.65)).toBeCloseTo(15);
  expect(quantileBetween(nothing, after, 0.99)).toBeCloseTo(20);
  const before = new Map([
    [0.00001, 40],
    [0.00002, 40],
    [Infinity, 40],
  ]);
  expect(quantileBetween(before, after, 0.5)).toBeCloseTo(16);
  expect(quantileBetween(after, after, 0.5)).toBeNull();
});
