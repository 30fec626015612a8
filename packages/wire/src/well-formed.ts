import type { WireValue } from './value.ts';

/**
 * The value with U+FFFD in place of every half of a surrogate pair that stands alone, in texts and names: no encoding of
 * frames carries one (RFC 8785 and RFC 8949 want UTF-8). The very value when there is none, as nearly always.
 */
export function wellFormed(value: WireValue): WireValue {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => wellFormed(item as WireValue));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  const object = value as { readonly [name: string]: WireValue };
  const entries = Object.entries(object).map(([name, item]) => [name.toWellFormed(), wellFormed(item)] as const);
  return entries.some(([name, item]) => object[name] !== item) ? Object.fromEntries(entries) : value;
}
