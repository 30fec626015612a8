import { SCORE_WEIGHTS } from '@atp-router/routing';
import { fault, type Inventory, isRecord } from './inventory.ts';
import type { Draft } from './problem.ts';
import { valueAt } from './shape.ts';

const WEIGHTS = ['routing', 'static', 'weights'] as const;

/** A score of which nothing counts. */
export function checkRouting(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, [...WEIGHTS]);
  if (!isRecord(given)) return [];
  const weights = Object.entries(SCORE_WEIGHTS).map(([term, usual]) => given[term] ?? usual);
  if (weights.some((weight) => weight !== 0)) return [];
  return [fault(inventory, WEIGHTS, 'all "weights" are 0, so that nothing ranks models', 'at least one above 0')];
}
