import { Pattern, SCORE_WEIGHTS } from '@atp-router/routing';
import { fault, type Inventory, isRecord, modelAt, nameAt, textOf } from './inventory.ts';
import type { Draft, Path } from './problem.ts';
import { valueAt } from './shape.ts';

const WEIGHTS = ['routing', 'static', 'weights'] as const;

/** What of `auto` spans several keys. */
export function checkRouting(inventory: Inventory): Draft[] {
  return [...checkWeights(inventory), ...checkJudge(inventory), ...checksOf(inventory)];
}

/** A score of which nothing counts. */
function checkWeights(inventory: Inventory): Draft[] {
  const given = valueAt(inventory.data, [...WEIGHTS]);
  if (!isRecord(given)) return [];
  const weights = Object.entries(SCORE_WEIGHTS).map(([term, usual]) => given[term] ?? usual);
  if (weights.some((weight) => weight !== 0)) return [];
  return [fault(inventory, WEIGHTS, 'all "weights" are 0, so that nothing ranks models', 'at least one above 0')];
}

/** Checks that lack what they are made of, or that cannot be read. */
function checksOf(inventory: Inventory): Draft[] {
  const path = ['routing', 'validators'];
  return listAt(inventory, path).flatMap((_, entry) => {
    const of_entry = [...path, entry, 'checks'];
    return listAt(inventory, of_entry).flatMap((_, at) => check(inventory, [...of_entry, at]));
  });
}

function listAt(inventory: Inventory, path: Path): readonly unknown[] {
  const value = valueAt(inventory.data, path);
  return Array.isArray(value) ? value : [];
}

/** What each of these kinds is made of, and no other has. */
const MADE_OF = { pattern: 'a regular expression', command: 'a program and what it is told' } as const;

function check(inventory: Inventory, path: Path): Draft[] {
  const kind = textOf(valueAt(inventory.data, [...path, 'kind']));
  const drafts = Object.entries(MADE_OF).flatMap(([key, what]): Draft[] => {
    const at = [...path, key];
    const is_there = valueAt(inventory.data, at) !== undefined;
    if (is_there === (kind === key)) return [];
    if (!is_there) return [{ ...fault(inventory, at, `"${key}" is missing`, what), kind: 'absent' }];
    const message = `"${key}" belongs to checks of kind "${key}" only`;
    return [fault(inventory, at, message, `no "${key}" here, or kind: ${key}`, { part: 'key' })];
  });
  return drafts.length > 0 ? drafts : [...pattern(inventory, path), ...command(inventory, path)];
}

function pattern(inventory: Inventory, path: Path): Draft[] {
  const at = [...path, 'pattern'];
  const source = textOf(valueAt(inventory.data, at));
  if (source === undefined) return [];
  try {
    void new Pattern(source);
    return [];
  } catch (error) {
    const message = `"pattern" cannot be read: ${error instanceof Error ? error.message : 'it is wrong'}`;
    return [fault(inventory, at, message, 'characters, [classes], (groups), |, *, +, ?, {n,m}, ^ and $')];
  }
}

/** It is run in no folder of its own. */
function command(inventory: Inventory, path: Path): Draft[] {
  const at = [...path, 'command', 0];
  const program = textOf(valueAt(inventory.data, at));
  if (program === undefined || !program.includes('/') || program.startsWith('/')) return [];
  const message = `"command" begins with ${nameAt(inventory, at)}, which depends on a folder`;
  return [fault(inventory, at, message, 'a whole path, or a name that PATH finds')];
}

/** A judge that could never be asked would be noticed only by what is missing. */
function checkJudge(inventory: Inventory): Draft[] {
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
