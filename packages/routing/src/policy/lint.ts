import { fieldText, sameField } from './fields.ts';
import type { Leaf, Match, MatchPath, Test } from './match.ts';

/** What is no fault of a match, and is hardly meant. */
export interface MatchRemark {
  /** Of the policy, in their order. */
  readonly policy: number;
  readonly at: MatchPath;
  readonly message: string;
}

/** A policy as lint sees it; without a match it applies only when it is named. */
export interface LintPolicy {
  readonly id: string;
  readonly match: Match | undefined;
}

/** Matches that can never hold, and those that an earlier policy leaves nothing for. Says nothing that is not certainly so. */
export function lintMatches(policies: readonly LintPolicy[]): readonly MatchRemark[] {
  const remarks: MatchRemark[] = [];
  for (const [policy, { match }] of policies.entries()) {
    if (match === undefined) continue;
    const contradiction = contradictionOf(match);
    if (contradiction !== undefined) {
      const message = `the policy never applies by itself: ${contradiction.message}`;
      remarks.push({ policy, at: contradiction.at, message });
      continue;
    }
    const before = policies.slice(0, policy).find((one) => one.match !== undefined && implies(match, one.match));
    if (before === undefined) continue;
    const message = `the policy never applies by itself: whatever it matches, the earlier policy "${before.id}" matches too. Put the narrower one first`;
    remarks.push({ policy, at: [], message });
  }
  return remarks;
}

interface Contradiction {
  readonly at: MatchPath;
  readonly message: string;
}

/** Why a match cannot hold; undefined when it may. */
function contradictionOf(match: Match): Contradiction | undefined {
  switch (match.kind) {
    case 'leaf':
      return impossible(match);
    case 'not':
      return undefined;
    case 'any': {
      const all = match.of.map(contradictionOf);
      return all.every((one) => one !== undefined) ? all[0] : undefined;
    }
    case 'all': {
      for (const part of match.of) {
        const found = contradictionOf(part);
        if (found !== undefined) return found;
      }
      return clash(conjuncts(match));
    }
  }
}

function impossible({ field, test, at, written }: Leaf): Contradiction | undefined {
  const name = fieldText(field);
  if (test.kind === 'interval') {
    const is_empty = test.min > test.max || (test.min === test.max && !(test.with_min && test.with_max));
    return is_empty ? { at, message: `nothing lies in the range ${written} of "${name}"` } : undefined;
  }
  if (test.any?.size === 0) return { at, message: `nothing lies in the range ${written} of "${name}"` };
  const twice = test.all.find((word) => test.none.includes(word));
  return twice === undefined ? undefined : { at, message: `"${name}" would have to hold "${twice}" and not to` };
}

/** Two conditions on one fact, of which it cannot satisfy both. */
function clash(leaves: readonly Leaf[]): Contradiction | undefined {
  for (const [i, one] of leaves.entries()) {
    const other = leaves.slice(0, i).find((before) => sameField(before.field, one.field) && disjoint(before, one));
    if (other === undefined) continue;
    const message = `"${fieldText(one.field)}" cannot be ${other.written} and ${one.written}`;
    return { at: one.at, message };
  }
  return undefined;
}

/** Leaves that all have to hold. */
function conjuncts(match: Match): readonly Leaf[] {
  if (match.kind === 'leaf') return [match];
  return match.kind === 'all' ? match.of.flatMap(conjuncts) : [];
}

/** What may hold several values at once, of which two sets each may want one. */
const MAY_BE_SEVERAL: ReadonlySet<string> = new Set([
  'data_scope',
  'model',
  'languages',
  'diff_loc',
  'tool_permissions',
  'security_groups',
]);

function disjoint(a: Leaf, b: Leaf): boolean {
  const [s, t] = [a.test, b.test];
  if (s.kind === 'interval' && t.kind === 'interval') {
    const [low, high] = s.min <= t.min ? [s, t] : [t, s];
    return low.max < high.min || (low.max === high.min && !(low.with_max && high.with_min));
  }
  if (s.kind === 'set' && t.kind === 'set') {
    // A fact that clients make up may be a list.
    if (a.field.kind === 'fact' || MAY_BE_SEVERAL.has(a.field.name)) return false;
    if (s.any === undefined || t.any === undefined) return false;
    const { any } = t;
    return ![...s.any].some((word) => any.has(word));
  }
  const [set, interval] = s.kind === 'set' ? [s, t] : [t, s];
  if (set.kind !== 'set' || set.any === undefined || interval.kind !== 'interval') return false;
  return ![...set.any].some((word) => inside(Number(word), interval));
}

function inside(value: number, { min, max, with_min, with_max }: Test & { readonly kind: 'interval' }): boolean {
  return (with_min ? value >= min : value > min) && (with_max ? value <= max : value < max);
}

/**
 * Whether `b` holds wherever `a` does. Only what can be read off the two: `false` says nothing. Bounded by the product of their
 * sizes at each of their few levels.
 */
export function implies(a: Match, b: Match): boolean {
  if (b.kind === 'all') return b.of.every((part) => implies(a, part));
  if (a.kind === 'any') return a.of.every((part) => implies(part, b));
  if (b.kind === 'any' && b.of.some((part) => implies(a, part))) return true;
  if (a.kind === 'all') return a.of.some((part) => implies(part, b));
  if (a.kind === 'leaf' && b.kind === 'leaf') return sameField(a.field, b.field) && narrower(a.test, b.test);
  // Of single conditions on one fact: what lies outside of the wider one, and is known, lies outside of the narrower.
  if (a.kind !== 'not' || b.kind !== 'not' || a.of.kind !== 'leaf' || b.of.kind !== 'leaf') return false;
  return sameField(a.of.field, b.of.field) && narrower(b.of.test, a.of.test);
}

function narrower(a: Test, b: Test): boolean {
  if (a.kind === 'interval' && b.kind === 'interval') {
    const above = a.min > b.min || (a.min === b.min && (b.with_min || !a.with_min));
    const below = a.max < b.max || (a.max === b.max && (b.with_max || !a.with_max));
    return above && below;
  }
  // A word that looks like a number may have come as text, which lies in no interval.
  if (a.kind !== 'set' || b.kind !== 'set') return false;
  const { any: of_a } = a;
  const { any: of_b } = b;
  const any =
    of_b === undefined ||
    (of_a !== undefined && [...of_a].every((word) => of_b.has(word))) ||
    a.all.some((word) => of_b.has(word));
  const only = of_a?.size === 1 ? of_a : undefined;
  return (
    any &&
    b.all.every((word) => a.all.includes(word) || only?.has(word) === true) &&
    b.none.every((word) => a.none.includes(word))
  );
}
