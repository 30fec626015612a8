import { Draw } from '@atp-router/kernel/testing';
import { expect, test } from 'vitest';
import { RouteLearner, type RoutePlans } from '../../src/index.ts';
import { HERE, KINDS, QUESTION, teach, textOf } from './world.ts';

const TARGETS = [0.3, 0.6, 0.7, 0.8, 0.85, 0.99];

test.each<RoutePlans>(['single', 'any', 'cascade'])(
  'a target is met for as little as it takes, and a harder one never for less: %s',
  (plans) => {
    const draw = new Draw(11);
    const learner = new RouteLearner(11);
    teach(learner, HERE, 1_500, draw);
    for (const kind of KINDS) {
      const text = textOf(kind, draw);
      const decide = (quality: { readonly quality_usd: number; readonly target?: number }) =>
        learner.decide({ ...QUESTION, ...HERE, ...quality, text, plans, may_explore: false });
      const most = decide({ quality_usd: 1_000 });
      let before = 0;
      for (const target of TARGETS) {
        const task = decide({ quality_usd: 0.05, target });
        expect(task.quality_usd).toBeGreaterThanOrEqual(before);
        before = task.quality_usd;
        if (most.right < target) {
          expect(task.right).toBeCloseTo(most.right, 1);
          continue;
        }
        expect(task.right).toBeGreaterThanOrEqual(target);
        // For less than was found it would not be met, but where the cheapest alone is right enough.
        const cheaper = decide({ quality_usd: task.quality_usd * 0.7 });
        expect(cheaper.right < target || cheaper.first.model === task.first.model).toBe(true);
      }
    }
  },
);

test('where no target is said, what quality is worth is what the question says', () => {
  const draw = new Draw(3);
  const learner = new RouteLearner(3);
  expect(learner.decide({ ...QUESTION, ...HERE, text: textOf('sums', draw) }).quality_usd).toBe(QUESTION.quality_usd);
});
