import { fault, type Inventory, isRecord, nameAt, numberOf, type Row, rows, textOf } from './inventory.ts';
import { type Draft, formatPath, type Path } from './problem.ts';
import { DEFAULT_SHARES } from './schema-flow.ts';
import { valueAt } from './shape.ts';

const TUNERS: readonly string[] = ['flow', 'tuners'];

/** How what is scarce is shared out. */
export function checkFlow(inventory: Inventory): Draft[] {
  const tuners = rows(inventory.data, TUNERS);
  return [
    ...shares(inventory),
    ...tuners.flatMap((row) => tuner(inventory, row)),
    ...tunedTwice(inventory, tuners),
    ...tunedInVain(inventory, tuners),
  ];
}

function shares(inventory: Inventory): Draft[] {
  const path = ['flow', 'shares'];
  const written = valueAt(inventory.data, path);
  if (!isRecord(written)) return [];
  const parts = Object.entries(DEFAULT_SHARES).map(([tier, share]) => numberOf(written[tier]) ?? share);
  const sum = parts.reduce((total, part) => total + part, 0);
  if (sum <= 1 + 1e-9) return [];
  const message = `the shares of all tiers are ${Number(sum.toFixed(3))} in all`;
  return [fault(inventory, path, message, 'shares that are 1 at most in all; absent ones are 0.3, 0.2 and 0.05')];
}

/** A tuner of a model that is not there would tune nothing, and nobody would see it. */
function tuner(inventory: Inventory, { value, path }: Row): Draft[] {
  const drafts: Draft[] = [];
  const named = textOf(value['model']);
  const place = [...path, 'model'];
  if (named !== undefined && !inventory.model_by_id.has(named)) {
    const message = `there is no model ${nameAt(inventory, place)}`;
    drafts.push(fault(inventory, place, message, 'the id of an entry in "models"'));
  }
  const kind = textOf(value['kind']);
  if (kind === 'learned') {
    if (textOf(value['proof']) === undefined)
      drafts.push(fault(inventory, path, 'a learned tuner has no "proof"', 'the path of a recorded load'));
    return drafts;
  }
  const vain = kind === undefined ? [] : OF_LEARNED.filter((key) => Object.hasOwn(value, key));
  for (const key of vain) {
    const expected = `no "${key}" here, or kind: learned`;
    drafts.push(fault(inventory, [...path, key], `"${key}" belongs to kind learned only`, expected, { part: 'key' }));
  }
  return drafts;
}

/** What no other tuner asks. */
const OF_LEARNED: readonly string[] = ['proof', 'capacity_tokens_per_s'];

/** A deployment has one window, whatever names it has as a model, and one tuner moves it. */
function tunedTwice(inventory: Inventory, tuners: readonly Row[]): Draft[] {
  const first = new Map<string, Path>();
  return tuners.flatMap(({ value, path }) => {
    const model = inventory.model_by_id.get(textOf(value['model']) ?? '')?.value;
    const provider = textOf(model?.['provider']);
    if (model === undefined || provider === undefined) return [];
    const deployment = `${provider}/${textOf(model['upstream_model']) ?? textOf(model['id'])}`;
    const before = first.get(deployment);
    if (before === undefined) {
      first.set(deployment, path);
      return [];
    }
    const message = `the window of this model is moved by ${formatPath(before)} already`;
    return [fault(inventory, [...path, 'model'], message, 'one tuner for each model at its provider')];
  });
}

function tunedInVain(inventory: Inventory, tuners: readonly Row[]): Draft[] {
  const path = ['flow', 'aimd', 'enabled'];
  if (tuners.length === 0 || valueAt(inventory.data, path) !== false) return [];
  const message = '"enabled" is false, so that no tuner of flow.tuners moves a window';
  return [fault(inventory, path, message, 'enabled: true, or no tuners')];
}
