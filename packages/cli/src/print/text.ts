/**
 * Text from elsewhere (model names, messages of providers) made safe to print: what a terminal would obey is replaced.
 * Line breaks and tabs become spaces.
 */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}

/** An answer of a model: line breaks and tabs stay, what a terminal would obey goes. */
export function printableProse(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** A value of the admin API in one cell or line. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map(shown).join(', ') || '-';
  return Object.keys(value).length === 0 ? '-' : printable(JSON.stringify(value));
}

const MICROS_PER_USD = 1_000_000;

/** Micro-dollars as dollars, all six digits: `$0.001250`. */
export function usd(micros: unknown): string {
  return typeof micros === 'number' ? `$${(micros / MICROS_PER_USD).toFixed(6)}` : '-';
}

export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
