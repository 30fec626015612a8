import { numberOf } from './numbers.ts';
import { type Field, MATCH_VALUE_CHARS_MAX, MATCH_VALUES_MAX, type MatchPath, type Test } from './match.ts';
import { fieldText, type FieldTraits, traitsOf } from './fields.ts';

/** What is wrong with a match: where, what, and what would be right. */
export interface MatchComplaint {
  readonly at: MatchPath;
  readonly message: string;
  readonly expected: string;
  /** It is the key that is at fault; these are the ones that may stand there. */
  readonly known_keys?: readonly string[];
}

export type ParsedTest = { readonly test: Test; readonly written: string } | { readonly wrong: MatchComplaint };

const SETS = ['any', 'all', 'none'] as const;
type SetName = (typeof SETS)[number];
type Sets = Readonly<Record<SetName, readonly string[] | undefined>>;

/** What words of facts, scopes, languages and names consist of (`c++`, `org/model:3b`, `pii.eu`). */
const WORD = /^[A-Za-z0-9][A-Za-z0-9._:/@+#-]*$/;
const OPERATOR = /^(>=|<=|==|!=|>|<)\s*(.*)$/s;
const RANGE = /^(\S+?)\s*\.\.\s*(\S+)$/;

/** Reads what stands behind a key of a match. Bounded, and throws nothing, whatever it is. */
export function parseTest(field: Field, value: unknown, at: MatchPath): ParsedTest {
  if (value === null || value === undefined) return wrong(at, `"${fieldText(field)}" has no value`, wordsFor(field));
  if (Array.isArray(value)) {
    const words = list(field, value, at);
    if (!('words' in words)) return words;
    const sets = traitsOf(field).wants_all ? { all: words.words } : { any: words.words };
    return { test: setOf(sets), written: `[${words.words.join(', ')}]` };
  }
  if (typeof value === 'object') return parseSets(field, value as Readonly<Record<string, unknown>>, at);
  return parseScalar(field, value, at);
}

function parseSets(field: Field, value: Readonly<Record<string, unknown>>, at: MatchPath): ParsedTest {
  const sets: { -readonly [name in SetName]?: readonly string[] } = {};
  for (const key of Object.keys(value)) {
    if (!isSetName(key)) {
      const expected = 'one of any, all, none';
      return { wrong: { at: [...at, key], message: `unknown key "${key.slice(0, 64)}"`, expected, known_keys: SETS } };
    }
    const given = value[key];
    if (!Array.isArray(given)) return wrong([...at, key], `"${key}" is no list`, 'a list of values');
    const words = list(field, given, [...at, key]);
    if (!('words' in words)) return words;
    sets[key] = words.words;
  }
  const names = SETS.filter((name) => sets[name] !== undefined);
  if (names.length === 0)
    return wrong(at, `"${fieldText(field)}" is an empty mapping`, 'any, all or none, with a list');
  return { test: setOf(sets), written: names.map((name) => `${name} of [${sets[name]?.join(', ')}]`).join(', ') };
}

function parseScalar(field: Field, value: unknown, at: MatchPath): ParsedTest {
  if (typeof value === 'string') {
    const text = value.trim();
    const [, operator, rest] = OPERATOR.exec(text) ?? [];
    if (operator !== undefined) return compared(field, operator, rest ?? '', at);
    const [, from, to] = RANGE.exec(text) ?? [];
    if (from !== undefined && to !== undefined) return ranged(field, from, to, at);
  }
  const word = wordOf(field, value, at);
  if (typeof word !== 'string') return { wrong: word };
  return { test: setOf({ any: [word] }), written: word };
}

function compared(field: Field, operator: string, text: string, at: MatchPath): ParsedTest {
  const written = `${operator}${text}`;
  if (operator === '==' || operator === '!=') {
    const word = wordOf(field, text, at);
    if (typeof word !== 'string') return { wrong: word };
    return { test: setOf(operator === '==' ? { any: [word] } : { none: [word] }), written };
  }
  const traits = traitsOf(field);
  const { order } = traits;
  if (order !== undefined) {
    const place = order.indexOf(spelled(traits, text));
    if (place < 0) return wrong(at, `"${fieldText(field)}" compares with what is not on its scale`, scaleOf(order));
    return { test: setOf({ any: order.filter((_, i) => holds(operator, i, place)) }), written };
  }
  if (!traits.numbers) return wrong(at, `"${fieldText(field)}" has no order: it cannot be compared`, wordsFor(field));
  const bound = numberOf(text);
  if (bound === undefined)
    return wrong(
      at,
      `"${fieldText(field)}" compares with what is no number`,
      'a decimal number of at most 15 digits and 9 decimals',
    );
  const above = operator.startsWith('>');
  const min = above ? bound : Number.NEGATIVE_INFINITY;
  const max = above ? Number.POSITIVE_INFINITY : bound;
  return { test: { kind: 'interval', min, max, with_min: operator !== '>', with_max: operator !== '<' }, written };
}

function holds(operator: string, place: number, bound: number): boolean {
  if (operator === '>') return place > bound;
  if (operator === '>=') return place >= bound;
  return operator === '<' ? place < bound : place <= bound;
}

/** Both ends are inside. */
function ranged(field: Field, from: string, to: string, at: MatchPath): ParsedTest {
  const traits = traitsOf(field);
  const { order } = traits;
  const written = `${from}..${to}`;
  if (order !== undefined) {
    const [low, high] = [order.indexOf(spelled(traits, from)), order.indexOf(spelled(traits, to))];
    if (low < 0 || high < 0)
      return wrong(at, `"${fieldText(field)}" has a range that is not on its scale`, scaleOf(order));
    return { test: setOf({ any: order.slice(low, high + 1) }), written };
  }
  if (!traits.numbers) return wrong(at, `"${fieldText(field)}" has no order: it cannot have a range`, wordsFor(field));
  const [min, max] = [numberOf(from), numberOf(to)];
  if (min === undefined || max === undefined) {
    return wrong(at, `"${fieldText(field)}" has a range of what is no number`, 'two decimal numbers, such as 10..20');
  }
  return { test: { kind: 'interval', min, max, with_min: true, with_max: true }, written };
}

function list(
  field: Field,
  values: readonly unknown[],
  at: MatchPath,
): { readonly words: readonly string[] } | { readonly wrong: MatchComplaint } {
  if (values.length === 0) return wrong(at, `"${at.at(-1)}" is an empty list`, `1 to ${MATCH_VALUES_MAX} values`);
  if (values.length > MATCH_VALUES_MAX)
    return wrong(at, `"${at.at(-1)}" is too long`, `1 to ${MATCH_VALUES_MAX} values`);
  const words = new Set<string>();
  for (const [i, value] of values.entries()) {
    const word = wordOf(field, value, [...at, i]);
    if (typeof word !== 'string') return { wrong: word };
    words.add(word);
  }
  return { words: [...words] };
}

/** A value in the form in which facts are compared. */
function wordOf(field: Field, value: unknown, at: MatchPath): string | MatchComplaint {
  const traits = traitsOf(field);
  // Elsewhere `123` is a number where a name was meant, and `yes` or `on` may become true.
  const may_be = traits.numbers === undefined ? ['string'] : ['string', 'number', 'boolean'];
  const text = may_be.includes(typeof value) ? String(value) : '';
  const number = numberOf(text);
  const is_word = WORD.test(text) && traits.numbers !== 'only';
  if (text.length > MATCH_VALUE_CHARS_MAX || (!is_word && (traits.numbers === undefined || number === undefined))) {
    // The value may be a secret from outside of the file: whoever shows the complaint knows.
    return { at, message: `"${fieldText(field)}" holds what cannot be a value`, expected: wordsFor(field) };
  }
  const word = traits.numbers ? String(number ?? text) : spelled(traits, text);
  if (traits.closed && traits.order?.includes(word) === false) {
    return { at, message: `"${fieldText(field)}" is never that`, expected: scaleOf(traits.order) };
  }
  return word;
}

function spelled(traits: FieldTraits, text: string): string {
  return traits.lower ? text.toLowerCase() : text;
}

function isSetName(key: string): key is SetName {
  return (SETS as readonly string[]).includes(key);
}

function setOf({ any, all = [], none = [] }: Partial<Sets>): Test {
  return { kind: 'set', any: any === undefined ? undefined : new Set(any), all, none };
}

function wordsFor(field: Field): string {
  const { numbers, order } = traitsOf(field);
  if (numbers === 'only') return 'a number, a list of them, a comparison such as ">150", or a range such as "10..20"';
  const words = `a value of letters, digits and . _ : / @ + # -, up to ${MATCH_VALUE_CHARS_MAX}, a list of them, or any, all, none with one each`;
  if (numbers) return `${words}; a comparison such as ">150", or a range such as "10..20"`;
  return order === undefined ? words : `${words}; a comparison such as ">=${order.at(-2)}"`;
}

function scaleOf(order: readonly string[]): string {
  return `one of ${order.join(', ')}`;
}

function wrong(at: MatchPath, message: string, expected: string): { readonly wrong: MatchComplaint } {
  return { wrong: { at, message, expected } };
}
