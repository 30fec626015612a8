import { AtpError, type JsonObject } from '@atp-router/kernel';

/** As in the configuration: identifiers of providers, tenants and keys. */
export const NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The fields of a JSON body. Unknown ones are refused, since a misspelt one would silently do nothing. */
export class Fields {
  readonly #body: JsonObject;

  constructor(body: JsonObject, allowed: readonly string[]) {
    for (const name of Object.keys(body)) {
      if (allowed.includes(name)) continue;
      const shown = name.slice(0, 64);
      const message = `There is no field "${shown}" here. Known are ${allowed.join(', ')}.`;
      throw new AtpError('invalid_request', message, { param: shown });
    }
    this.#body = body;
  }

  has(name: string): boolean {
    return this.#body[name] !== undefined;
  }

  text(name: string, max_chars: number): string | undefined {
    const value = this.#body[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '' || value.length > max_chars) {
      throw badField(name, `text of 1 to ${max_chars} characters`);
    }
    return value;
  }

  /** A name as the configuration takes it for tenants and keys. */
  name(name: string): string | undefined {
    const value = this.#body[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || !NAME.test(value)) {
      throw badField(name, '1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit');
    }
    return value;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.#body[name];
    if (value === undefined) return undefined;
    const word = words.find((one) => one === value);
    if (word === undefined) throw badField(name, `one of ${words.join(', ')}`);
    return word;
  }

  flag(name: string): boolean | undefined {
    const value = this.#body[name];
    if (value === undefined || typeof value === 'boolean') return value;
    throw badField(name, 'true or false');
  }
}

export function needed<T>(value: T | undefined, name: string): T {
  if (value !== undefined) return value;
  throw new AtpError('invalid_request', `The field "${name}" is missing.`, { param: name });
}

export function badField(name: string, expected: string): AtpError {
  return new AtpError('invalid_request', `The field "${name}" must be ${expected}.`, { param: name });
}
