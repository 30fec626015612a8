import { fault, type Inventory, modelAt, nameAt, textOf } from './inventory.ts';
import type { Draft } from './problem.ts';
import { valueAt } from './shape.ts';

/** A judge that could never be asked would be noticed only by what is missing. */
export function checkJudge(inventory: Inventory): Draft[] {
  const path = ['routing', 'judge', 'model'];
  const name = textOf(valueAt(inventory.data, path));
  if (name === undefined) return [];
  const found = inventory.model_by_id.get(name) ?? modelAt(inventory, name);
  if (found === undefined) return [];
  if (textOf(found.value['status']) === 'shadow') {
    const message = `${nameAt(inventory, path)} is a shadow, which judges nobody`;
    return [fault(inventory, path, message, 'a model of another status')];
  }
  const provider = inventory.provider_by_id.get(textOf(found.value['provider']) ?? '');
  if (Object.hasOwn(found.value, 'price') || textOf(provider?.value['type']) === 'sim') return [];
  const message = `${nameAt(inventory, path)} has no price, but the budget of the judge is in money`;
  return [fault(inventory, path, message, 'a model with "price", which may be 0')];
}
