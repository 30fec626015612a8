import type { SqlValue } from '../driver.ts';

/** Collects the conditions of a WHERE clause with their parameters. */
export class Conditions {
  readonly params: SqlValue[] = [];
  readonly #parts: string[] = [];

  /** `sql` holds one `?` for each value. */
  add(sql: string, ...values: SqlValue[]): void {
    this.#parts.push(sql.replace(/\?/g, () => this.param(values.shift() ?? null)));
  }

  param(value: SqlValue): string {
    this.params.push(value);
    return `$${this.params.length}`;
  }

  equal(fields: Readonly<Record<string, SqlValue | undefined>>): void {
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) this.add(`${name} = ?`, value);
  }

  toString(): string {
    return this.#parts.length === 0 ? '' : `WHERE ${this.#parts.join(' AND ')}`;
  }
}
