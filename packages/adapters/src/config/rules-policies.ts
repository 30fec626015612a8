import { leavesOf, type Match, type MatchComplaint, parseMatch } from '@atp-router/routing';
import { fault, type Inventory, isRecord, modelOf, nameAt, numberOf, type Row, textOf } from './inventory.ts';
import type { Draft, Path } from './problem.ts';
import { ANYBODY, target } from './references.ts';
import { checkFanout } from './rules-fanout.ts';
import { checkCompliance } from './rules-personas.ts';
import { valueAt } from './shape.ts';
import { suggest } from './suggest.ts';

/** What spans several keys of one policy. */
export function checkPolicy(inventory: Inventory, row: Row): Draft[] {
  const asked = askedBy(row);
  return [
    ...budget(inventory, row),
    ...noMoney(inventory, row, asked),
    ...somebody(inventory, row),
    ...checkMatch(inventory, row),
    ...(isRecord(row.value['fanout']) ? checkFanout(inventory, row) : withoutFanout(inventory, row)),
    ...asked.flatMap(({ path, name }) => usable(inventory, row, path, name)),
    ...checkCompliance(inventory, asked),
  ];
}

/** A name of somebody that a policy asks, and where it stands. */
export interface Asked {
  readonly path: Path;
  readonly name: string;
  /** In its chain, or by its fan-out. */
  readonly by: 'fallback' | 'fanout';
  /** A lane, and not somebody that is asked for more. */
  readonly is_member: boolean;
}

function askedBy({ path, value }: Row): readonly Asked[] {
  const asked: Asked[] = [];
  const add = (at: Path, name: unknown, by: Asked['by'], is_member = false): void => {
    const text = textOf(name);
    if (text !== undefined) asked.push({ path: [...path, ...at], name: text, by, is_member });
  };
  for (const [i, step] of listAt(value, 'fallback').entries()) add(['fallback', i], step, 'fallback');
  for (const [i, entry] of listAt(value['fanout'], 'agents').entries()) {
    const at = ['fanout', 'agents', i];
    if (!isRecord(entry)) add(at, entry, 'fanout', true);
    else if (entry['persona'] !== undefined) {
      const id = textOf(entry['persona']);
      add([...at, 'persona'], id === undefined ? undefined : `persona:${id}`, 'fanout', true);
    } else
      add([...at, entry['agent'] === undefined ? 'model' : 'agent'], entry['agent'] ?? entry['model'], 'fanout', true);
  }
  const filter = textOf(valueAt(value, ['fanout', 'filter']));
  if (filter !== undefined) add(['fanout', 'filter'], `persona:${filter}`, 'fanout');
  add(['consensus', 'judge'], valueAt(value, ['consensus', 'judge']), 'fanout');
  for (const [i, entry] of listAt(value, 'escalation').entries()) {
    if (isRecord(entry)) add(['escalation', i, 'to'], entry['to'], 'fanout');
  }
  add(['arbiter', 'agent'], valueAt(value, ['arbiter', 'agent']), 'fanout');
  return asked;
}

export function listAt(value: unknown, key: string): readonly unknown[] {
  const list = isRecord(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}

function budget(inventory: Inventory, { path, value }: Row): Draft[] {
  const given = value['budget'];
  if (!isRecord(given) || Object.keys(given).length > 0) return [];
  return [fault(inventory, [...path, 'budget'], '"budget" sets no bound', '"usd", "tokens" or both')];
}

/** Of the prices of a model, those that the reservation of a call is made of. */
const RESERVED: readonly string[] = [
  'in_usd_per_mtok',
  'out_usd_per_mtok',
  'reasoning_usd_per_mtok',
  'per_request_usd',
];

/** Without any money only those can be asked who cost nothing. */
function noMoney(inventory: Inventory, { path, value }: Row, asked: readonly Asked[]): Draft[] {
  const bounds = [
    { key: ['budget', 'usd'], bound: asked, free: 'models that cost nothing' },
    { key: ['arbiter', 'max_usd'], bound: asked.filter(isArbiter), free: 'an agent that costs nothing' },
  ];
  return bounds.flatMap(({ key, bound, free }) => {
    const dear = bound.find(({ name }) =>
      RESERVED.some((part) => (numberOf(valueAt(modelOf(inventory, name)?.value, ['price', part])) ?? 0) > 0),
    );
    if (valueAt(value, key) !== 0 || dear === undefined) return [];
    const message = `"${key[1]}" is 0, and ${nameAt(inventory, dear.path)} has a price: it can never be asked`;
    return [fault(inventory, [...path, ...key], message, `an amount above 0, or ${free}`)];
  });
}

function isArbiter({ path }: Asked): boolean {
  return path.at(-2) === 'arbiter';
}

function somebody(inventory: Inventory, { path, value }: Row): Draft[] {
  const chain = value['fallback'];
  if (value['fanout'] !== undefined || (chain !== undefined && (!Array.isArray(chain) || chain.length > 0))) return [];
  const expected = 'a chain of models or agents, or "fanout"';
  const at = [...path, 'fallback'];
  if (chain !== undefined) return [fault(inventory, at, '"fallback" is too short', expected)];
  return [{ ...fault(inventory, at, '"fallback" is missing', expected), kind: 'absent' }];
}

const FANOUT_ONLY: readonly string[] = [
  'consensus',
  'provisional',
  'escalation',
  'arbiter',
  'deadline_ms',
  'tau_final',
];

function withoutFanout(inventory: Inventory, { path, value }: Row): Draft[] {
  if (value['fanout'] !== undefined) return [];
  return FANOUT_ONLY.flatMap((key) => {
    const given = value[key];
    if (given === undefined || (Array.isArray(given) && given.length === 0)) return [];
    const message = `"${key}" belongs to policies with "fanout" only`;
    return [fault(inventory, [...path, key], message, `no "${key}" here, or a "fanout"`, { part: 'key' })];
  });
}

const GRADES = 'ABCD';

/** A name that can never be used is a mistake that would otherwise show only when it is needed. */
function usable(inventory: Inventory, row: Row, path: Path, name: string): Draft[] {
  const found = modelOf(inventory, name);
  if (found === undefined) return [];
  const drafts: Draft[] = [];
  const least = textOf(row.value['min_safety_grade']);
  const grade = gradeOf(found);
  const who = nameAt(inventory, path);
  if (least !== undefined && GRADES.includes(least) && GRADES.indexOf(grade) > GRADES.indexOf(least)) {
    const message = `${who} has safety grade ${grade}, below "min_safety_grade"`;
    drafts.push(fault(inventory, path, message, `a model of grade ${least} or better`));
  }
  if (Object.hasOwn(found.value, 'price')) return drafts;
  const has_cap = path.at(-2) === 'arbiter';
  if (numberOf(valueAt(row.value, ['budget', 'usd'])) === undefined && !has_cap) return drafts;
  const message = `${who} has no price, but ${has_cap ? 'its cap' : 'the budget'} is in money`;
  return [...drafts, fault(inventory, path, message, 'a model with "price"')];
}

function gradeOf(row: Row): string {
  const grade = textOf(row.value['safety_grade']) ?? 'D';
  // Something else is a fault of its own, and not shown here.
  return /^[A-D]$/.test(grade) ? grade : 'A';
}

function checkMatch(inventory: Inventory, { path, value }: Row): Draft[] {
  const raw = value['match'];
  // Anything else has the wrong form, and the schema says so.
  if (!isRecord(raw)) return [];
  const own = [...path, 'match'];
  const { match, complaints } = parseMatch(raw);
  return [...complaints.map((one) => complained(inventory, own, one)), ...modelsNamed(inventory, own, raw, match)];
}

function complained(inventory: Inventory, own: Path, { at, message, expected, known_keys }: MatchComplaint): Draft {
  const path = [...own, ...at];
  if (known_keys === undefined) return fault(inventory, path, message, expected);
  const suggestion = suggest(String(at.at(-1)), known_keys);
  return fault(inventory, path, message, expected, { part: 'key', suggestion });
}

/** A policy for a model that does not exist would never apply, and nobody would be told. */
function modelsNamed(inventory: Inventory, own: Path, raw: unknown, match: Match): Draft[] {
  const leaves = leavesOf(match).filter(({ field }) => field.kind === 'own' && field.name === 'model');
  return leaves.flatMap(({ at }) =>
    wordsAt(valueAt(raw, at), at).flatMap(({ path, word }) => {
      return word === 'auto' ? [] : target(inventory, [...own, ...path], word, ANYBODY);
    }),
  );
}

function wordsAt(value: unknown, path: Path): readonly { readonly path: Path; readonly word: string }[] {
  if (typeof value === 'string') return [{ path, word: value.trim().replace(/^[!=]=\s*/, '') }];
  if (Array.isArray(value)) return value.flatMap((one: unknown, i) => wordsAt(one, [...path, i]));
  return isRecord(value) ? Object.entries(value).flatMap(([key, one]) => wordsAt(one, [...path, key])) : [];
}
