/** Nested deeper than any manifest. */
const DEPTH_MAX = 16;
const SPACE = /\s/;

/**
 * Why a text that `JSON.parse` takes is refused all the same: a member that stands there twice, of which readers differ
 * in which one counts, so that what was signed and what is read could be two things; or depth. Undefined: it is not.
 */
export function jsonDoubt(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let key_next = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i];
    if (char === '"') {
      const end = stringEnd(text, i);
      const names = open.at(-1);
      if (key_next && names !== undefined) {
        const name = JSON.parse(text.slice(i, end + 1)) as string;
        if (names.has(name)) return `"${name.slice(0, 64)}" stands twice in one object (character ${i + 1})`;
        names.add(name);
      }
      key_next = false;
      i = end;
    } else if (char === '{' || char === '[') {
      if (open.length >= DEPTH_MAX) return `it is nested deeper than ${DEPTH_MAX} levels (character ${i + 1})`;
      open.push(char === '{' ? new Set() : undefined);
      key_next = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      key_next = false;
    } else if (char === ',') key_next = open.at(-1) !== undefined;
    else if (char !== undefined && !SPACE.test(char)) key_next = false;
  }
  return undefined;
}

/** Place of the quote that ends the string which begins at `from`. */
function stringEnd(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}
