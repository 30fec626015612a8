import type { RequestFacts } from '../facts.ts';
import type { Field, Leaf, Match, Test } from './match.ts';
import type { FactValue } from './task-facts.ts';

/**
 * Whether a match holds (Kleene's three values): what rests on a fact that nobody has said is `unknown`, and so is its
 * opposite. A policy applies when its match is `yes`.
 */
export type MatchOutcome = 'yes' | 'no' | 'unknown';

/** What a match is held against: the names that the request goes by (as written, and what it stands for), and its facts. */
export interface Subject {
  readonly names: readonly string[];
  readonly facts: RequestFacts;
}

/** What a field holds; undefined when it is not known. */
export type Held = FactValue | ReadonlySet<string> | undefined;

export function evaluate(match: Match, subject: Subject): MatchOutcome {
  switch (match.kind) {
    case 'leaf':
      return test(match, subject);
    case 'not': {
      const inner = evaluate(match.of, subject);
      return inner === 'unknown' ? inner : inner === 'yes' ? 'no' : 'yes';
    }
    case 'all':
    case 'any': {
      // One part that is so decides, wherever it stands.
      const decides = match.kind === 'all' ? 'no' : 'yes';
      let is_known = true;
      for (const part of match.of) {
        const outcome = evaluate(part, subject);
        if (outcome === decides) return decides;
        if (outcome === 'unknown') is_known = false;
      }
      return !is_known ? 'unknown' : decides === 'no' ? 'yes' : 'no';
    }
  }
}

/** What the call holds of a field. */
export function heldOf(field: Field, { names, facts }: Subject): Held {
  if (field.kind === 'fact') return facts.task?.values.get(field.name);
  switch (field.name) {
    case 'task_type':
      return facts.task_type;
    case 'qos':
      return facts.qos;
    case 'data_scope':
      // A call that names none may carry all of its tenant: that is not known.
      return facts.data_scopes.length === 0 ? undefined : facts.data_scopes;
    case 'model':
      return names;
    case 'tenant':
      return facts.tenant.id;
    case 'risk':
      return facts.task?.risk;
    case 'languages':
      return facts.task?.languages;
    case 'diff_loc':
      return facts.task?.values.get('diff_loc');
    case 'tool_permissions':
      return facts.rights?.tool_permissions ?? NOTHING;
    case 'security_groups':
      return facts.rights?.security_groups ?? NOTHING;
  }
}

/** Whoever was granted nothing has nothing; that is known. */
const NOTHING: readonly string[] = [];

function test({ field, test: wanted }: Leaf, subject: Subject): MatchOutcome {
  const held = heldOf(field, subject);
  if (held === undefined) return 'unknown';
  return wanted.kind === 'interval' ? within(held, wanted) : fits(held, wanted);
}

/** What is no number lies neither inside nor outside. */
function within(
  held: NonNullable<Held>,
  { min, max, with_min, with_max }: Test & { readonly kind: 'interval' },
): MatchOutcome {
  if (typeof held !== 'number') return 'unknown';
  const above = with_min ? held >= min : held > min;
  const below = with_max ? held <= max : held < max;
  return above && below ? 'yes' : 'no';
}

function fits(held: NonNullable<Held>, { any, all, none }: Test & { readonly kind: 'set' }): MatchOutcome {
  for (const word of all) if (!has(held, word)) return 'no';
  for (const word of none) if (has(held, word)) return 'no';
  return any === undefined || hasOne(held, any) ? 'yes' : 'no';
}

function has(held: NonNullable<Held>, word: string): boolean {
  if (typeof held !== 'object') return String(held) === word;
  return 'has' in held ? held.has(word) : held.includes(word);
}

function hasOne(held: NonNullable<Held>, words: ReadonlySet<string>): boolean {
  if (typeof held !== 'object') return words.has(String(held));
  for (const word of held) if (words.has(word)) return true;
  return false;
}
