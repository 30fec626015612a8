import { AtpError } from '@atp-router/kernel';
import { FIELD_NAMES, isFieldName } from './fields.ts';
import { type Field, type Leaf, type Match, MATCH_DEPTH_MAX, MATCH_LEAVES_MAX, type MatchPath } from './match.ts';
import { type MatchComplaint, parseTest } from './parse-value.ts';
import { FACT_NAME, FACT_NAME_WORDS } from './task-facts.ts';

export interface ParsedMatch {
  /** What could be read; all of it when there is no complaint. */
  readonly match: Match;
  readonly complaints: readonly MatchComplaint[];
}

/** The keys of a match beside those of fields. */
const BRANCHES = ['facts', 'all_of', 'any_of', 'not'] as const;
const KEYS: readonly string[] = [...FIELD_NAMES, ...BRANCHES];
/** Parts of one `all_of` or `any_of`; the leaves in all are bounded, too. */
const PARTS_MAX = 16;

/** Reads a match as it stands in a configuration, with everything that is wrong with it. Bounded; never throws. */
export function parseMatch(raw: unknown): ParsedMatch {
  const reader = new Reader();
  const match = reader.mapping(raw, [], 0);
  return { match, complaints: reader.complaints };
}

/** As `parseMatch`, for what has been checked: throws `config_invalid` with the first complaint. */
export function compileMatch(raw: unknown): Match {
  const { match, complaints } = parseMatch(raw);
  const [first] = complaints;
  if (first === undefined) return match;
  throw new AtpError(
    'config_invalid',
    `match, at ${first.at.join('.')}: ${first.message}. It has to be ${first.expected}.`,
  );
}

class Reader {
  readonly complaints: MatchComplaint[] = [];
  #leaves = 0;

  mapping(raw: unknown, at: MatchPath, depth: number): Match {
    const of: Match[] = [];
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      this.#complain(at, `"${at.at(-1) ?? 'match'}" is no match`, 'a mapping with conditions');
      return { kind: 'all', of, at };
    }
    const entries = Object.entries(raw);
    // An empty match of a policy always holds, and is written on purpose; within another it says nothing.
    if (entries.length === 0 && depth > 0) this.#complain(at, 'a match without conditions', 'at least one condition');
    for (const [key, value] of entries) {
      if (isFieldName(key)) this.#leaf({ kind: 'own', name: key }, value, [...at, key], of);
      else if (key === 'facts') this.#facts(value, [...at, key], of);
      else if (isBranch(key)) this.#branch(key, value, [...at, key], depth, of);
      else if (this.#mayComplain()) {
        const expected = `one of ${KEYS.join(', ')}; other facts stand under facts`;
        const message = `unknown key "${key.slice(0, 64)}"`;
        this.complaints.push({ at: [...at, key], message, expected, known_keys: KEYS });
      }
      if (this.#leaves > MATCH_LEAVES_MAX) break;
    }
    const [only] = of;
    return of.length === 1 && only !== undefined ? only : { kind: 'all', of, at };
  }

  #branch(key: 'all_of' | 'any_of' | 'not', value: unknown, at: MatchPath, depth: number, into: Match[]): void {
    if (depth >= MATCH_DEPTH_MAX) {
      this.#complain(
        at,
        'the match is too deep',
        `at most ${MATCH_DEPTH_MAX} of all_of, any_of and not within each other`,
      );
      return;
    }
    if (key === 'not') {
      into.push({ kind: 'not', of: this.mapping(value, at, depth + 1), at });
      return;
    }
    if (!Array.isArray(value) || value.length === 0 || value.length > PARTS_MAX) {
      this.#complain(at, `"${key}" is no list of matches`, `a list of 1 to ${PARTS_MAX} matches`);
      return;
    }
    const of = value.map((part: unknown, i) => this.mapping(part, [...at, i], depth + 1));
    into.push({ kind: key === 'all_of' ? 'all' : 'any', of, at });
  }

  #facts(value: unknown, at: MatchPath, into: Match[]): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
      this.#complain(at, '"facts" names no facts', 'a mapping of names of facts to conditions');
      return;
    }
    for (const [name, test] of Object.entries(value)) {
      const own = [...at, name];
      if (isFieldName(name)) {
        this.#complain(own, `"${name}" is no fact of its own name`, `${name} beside facts, not under it`);
      } else if (!FACT_NAME.test(name)) {
        this.#complain(own, `"${name.slice(0, 64)}" cannot be the name of a fact`, FACT_NAME_WORDS);
      } else this.#leaf({ kind: 'fact', name }, test, own, into);
      if (this.#leaves > MATCH_LEAVES_MAX) return;
    }
  }

  #leaf(field: Field, value: unknown, at: MatchPath, into: Match[]): void {
    this.#leaves += 1;
    if (this.#leaves === MATCH_LEAVES_MAX + 1) {
      this.#complain(at, 'the match has too many conditions', `at most ${MATCH_LEAVES_MAX}`);
    }
    if (this.#leaves > MATCH_LEAVES_MAX) return;
    const parsed = parseTest(field, value, at);
    if ('wrong' in parsed) {
      if (this.#mayComplain()) this.complaints.push(parsed.wrong);
      return;
    }
    const leaf: Leaf = { kind: 'leaf', field, test: parsed.test, written: parsed.written, at };
    into.push(leaf);
  }

  #complain(at: MatchPath, message: string, expected: string): void {
    if (this.#mayComplain()) this.complaints.push({ at, message, expected });
  }

  /** More than there may be conditions would not be read. */
  #mayComplain(): boolean {
    return this.complaints.length < MATCH_LEAVES_MAX;
  }
}

function isBranch(key: string): key is 'all_of' | 'any_of' | 'not' {
  return key === 'all_of' || key === 'any_of' || key === 'not';
}
