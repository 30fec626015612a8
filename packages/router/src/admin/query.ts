import { AtpError } from '@atp-router/kernel';

const QUERY_CHARS_MAX = 8_192;
const VALUE_CHARS_MAX = 1_024;

/** The query of one request. Everything that is not understood is refused: a misspelt filter must not show everything. */
export class Query {
  readonly #values: ReadonlyMap<string, string>;

  /** Throws `invalid_request` for a parameter that is not in `allowed`, stands twice or is too long. */
  constructor(text: string, allowed: readonly string[]) {
    if (text.length > QUERY_CHARS_MAX) throw bad('The query', `at most ${QUERY_CHARS_MAX} characters`, 'query');
    const values = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(text)) {
      if (!allowed.includes(name)) throw unknown(name, allowed);
      if (values.has(name)) throw bad(`"${name}"`, 'given once', name);
      if (value.length > VALUE_CHARS_MAX) throw bad(`"${name}"`, `at most ${VALUE_CHARS_MAX} characters`, name);
      values.set(name, value);
    }
    this.#values = values;
  }

  /** Undefined when absent or empty: an empty filter does not filter. */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return value === '' ? undefined : value;
  }

  int(name: string, min: number, max: number, fallback: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw bad(`"${name}"`, `an integer from ${min} to ${max}`, name);
    return number;
  }

  /** A calendar day, `YYYY-MM-DD`. */
  day(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || isDay(value)) return value;
    throw bad(`"${name}"`, 'a day as YYYY-MM-DD', name);
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const word = words.find((one) => one === value);
    if (word === undefined) throw bad(`"${name}"`, `one of ${words.join(', ')}`, name);
    return word;
  }

  /** Words separated by commas, each once, in the order given. */
  list<T extends string>(name: string, words: readonly T[]): readonly T[] | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const picked = new Set<T>();
    for (const part of value.split(',')) {
      const word = words.find((one) => one === part.trim());
      if (word === undefined) throw bad(`"${name}"`, `a list, with commas, of ${words.join(', ')}`, name);
      picked.add(word);
    }
    return [...picked];
  }
}

function isDay(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const at_ms = Date.parse(`${value}T00:00:00Z`);
  // February 30th parses in some engines and means March.
  return !Number.isNaN(at_ms) && new Date(at_ms).toISOString().startsWith(value);
}

function bad(what: string, expected: string, param: string): AtpError {
  return new AtpError('invalid_request', `${what} must be ${expected}.`, { param });
}

function unknown(name: string, allowed: readonly string[]): AtpError {
  const known = allowed.length === 0 ? 'This path takes no query.' : `Known are ${allowed.join(', ')}.`;
  return new AtpError('invalid_request', `There is no query parameter "${name.slice(0, 64)}" here. ${known}`, {
    param: name.slice(0, 64),
  });
}
