/** Decimal numbers as people write them; more digits than a double holds would compare as something else. */
const NUMBER = /^[+-]?\d{1,15}(\.\d{1,9})?$/;

/** The number that a text is, all of it; undefined for any other text. */
export function numberOf(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) + 0 : undefined;
}
