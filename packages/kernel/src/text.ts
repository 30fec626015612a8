/** The first `max` characters (UTF-16) of a text; one fewer rather than half a surrogate pair, which no frame can carry. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  const next = text.charCodeAt(max);
  const splits = last >= 0xd800 && last <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
  return text.slice(0, splits ? max - 1 : max);
}
