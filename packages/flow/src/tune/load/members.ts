import { isJsonObject } from '@atp-router/kernel';
import { LOAD_LIMITS, LoadError } from './format.ts';

/** Members of an object of a load: each is asked for once, and what nobody asked for is a misspelling. */
export class Members {
  readonly #row: Readonly<Record<string, unknown>>;
  readonly #line: number;
  /** `fleet.` in front of its members. */
  readonly #path: string;
  readonly #asked = new Set<string>();

  constructor(value: unknown, line: number, name = '') {
    if (!isJsonObject(value)) throw new LoadError(line, `${name === '' ? 'the line' : name} is not an object`);
    this.#row = value;
    this.#line = line;
    this.#path = name === '' ? '' : `${name}.`;
  }

  /** A number from `min` to `max`; `fallback` where it is absent. */
  number(name: string, min: number, max: number, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw this.wrong(name, `a number from ${min} to ${max}`);
  }

  integer(name: string, min: number, max: number, fallback?: number): number {
    const value = this.value(name) ?? fallback;
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    throw this.wrong(name, `an integer from ${min} to ${max}`);
  }

  text(name: string, chars: number, fallback?: string): string {
    const value = this.value(name) ?? fallback;
    if (typeof value === 'string' && value.length <= chars && (value !== '' || fallback === '')) return value;
    throw this.wrong(name, `a text of at most ${chars} characters`);
  }

  list(name: string, entries: number): readonly unknown[] {
    const value = this.value(name) ?? [];
    if (Array.isArray(value) && value.length <= entries) return value as readonly unknown[];
    throw this.wrong(name, `a list of at most ${entries} entries`);
  }

  within(name: string): Members {
    return new Members(this.value(name), this.#line, `${this.#path}${name}`);
  }

  value(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#row, name) ? this.#row[name] : undefined;
  }

  wrong(name: string, expected: string): LoadError {
    const value = this.#row[name];
    // JSON.stringify makes null of a number that is too large.
    const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
    const found = value === undefined ? 'is missing' : `is ${shortened(shown)}`;
    return new LoadError(this.#line, `${this.#path}${name} ${found}; expected ${expected}`);
  }

  /** After all were asked for. */
  done(): void {
    const unknown = Object.keys(this.#row).find((name) => !this.#asked.has(name));
    if (unknown === undefined) return;
    const known = [...this.#asked].join(', ');
    throw new LoadError(this.#line, `${this.#path}${shortened(unknown)} is unknown; expected ${known}`);
  }
}

const SHOWN_CHARS = 40;

function shortened(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** The object of a line. */
export function membersOf(text: string, line: number): Members {
  if (text.length > LOAD_LIMITS.line_chars) {
    throw new LoadError(line, `has ${text.length} characters; at most ${LOAD_LIMITS.line_chars} are read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LoadError(line, 'is not JSON; expected an object on one line');
  }
  return new Members(value, line);
}
