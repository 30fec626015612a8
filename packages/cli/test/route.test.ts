import { expect, test } from 'vitest';
import { clustersText } from '../src/print/clusters.ts';

const cluster = {
  ...{ id: 'k3f-7', name: 'math-2', topics: [4], born_at_ms: Date.UTC(2026, 10, 30, 9), prompts: 120.4, share: 0.25 },
  ...{ kind: 'math', kind_share: 0.8, reassigned: { checked: 40, reassigned: 2, ratio: 0.05 } },
  models: [
    { model: 'small', observations: 10, right: 0.5 },
    { model: 'large', observations: 10, right: 0.9 },
  ],
};

test('clusters are a table with the models that are right most often, and what became of them', () => {
  const text = clustersText({
    data: [cluster, { ...cluster, id: 'k3f-8', name: null, kind: null, models: [], reassigned: { ratio: null } }],
    changes: { born: 3, merged: 1 },
    reassigned: { checked: 256, reassigned: 5, ratio: 0.02 },
  });
  expect(text).toMatch(/k3f-7 +math-2 +120 +0\.250 +math 0\.800 +2026-11-30T09 +0\.050 +large 0\.900, small 0\.500/);
  expect(text).toMatch(/k3f-8 +- +120 +0\.250 +- +2026-11-30T09 +- +-/);
  expect(text).toContain('born 3, merged 1; of 256 prompts that were assigned again, 0.020 went elsewhere');
});
