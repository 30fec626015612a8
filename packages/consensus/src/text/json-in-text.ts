import { jsonDepth, type JsonValue } from '@atp-router/kernel';

/** Longer texts are not searched: JSON cannot be read in part, and reading more holds up everybody else. */
const SEARCH_CHARS = 1_048_576;
/** Values that are kept of one text. An array of findings that was cut short comes as so many single ones. */
const VALUES_MAX = 256;
/** How often a text is gone through: behind a bracket without a partner the search begins anew. Then it ends. */
const PASSES_MAX = 6;
/** How often what stands between two brackets may turn out to be no JSON: two characters are enough to write it. Then it ends. */
const FAILURES_MAX = 256;
/** Deeper values are left out, as everywhere in the router. */
const DEPTH_MAX = 64;
const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [
  0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d,
] as const;

type Parsed = { readonly kind: 'value'; readonly value: JsonValue } | { readonly kind: 'too_deep' | 'none' };

function parsed(text: string): Parsed {
  try {
    const value = JSON.parse(text) as JsonValue;
    return jsonDepth(value, DEPTH_MAX) > DEPTH_MAX ? { kind: 'too_deep' } : { kind: 'value', value };
  } catch {
    return { kind: 'none' };
  }
}

/**
 * Where the object or array ends that begins at `from`, past its bracket; `undefined` when it does not, or one is closed as the
 * other. `to`: how far that was looked for.
 */
function endOf(text: string, from: number): { readonly end: number | undefined; readonly to: number } {
  const closers: number[] = [];
  let inString = false;
  for (let at = from; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === BACKSLASH) at += 1;
      else if (unit === QUOTE) inString = false;
    } else if (unit === QUOTE) inString = true;
    else if (unit === OPEN_BRACE) closers.push(CLOSE_BRACE);
    else if (unit === OPEN_BRACKET) closers.push(CLOSE_BRACKET);
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      if (closers.pop() !== unit) return { end: undefined, to: at };
      if (closers.length === 0) return { end: at + 1, to: at };
    }
  }
  return { end: undefined, to: text.length };
}

/** Objects and arrays that stand in a text, in their order; what is within one is not told again. */
function bracketed(text: string): JsonValue[] {
  const values: JsonValue[] = [];
  // What follows the bracket in any JSON, too: most brackets of prose and code need no closer look.
  const opening = /\{(?=\s*["}])|\[(?=\s*[\]"{[\-0-9tfn])/g;
  let left = PASSES_MAX * text.length;
  let failures = 0;
  for (let next = opening.exec(text); next !== null && values.length < VALUES_MAX; next = opening.exec(text)) {
    const { end, to } = endOf(text, next.index);
    left -= to - next.index;
    const found: Parsed = end === undefined ? { kind: 'none' } : parsed(text.slice(next.index, end));
    if (found.kind === 'value') values.push(found.value);
    if (found.kind !== 'none' && end !== undefined) opening.lastIndex = end;
    else {
      if (end !== undefined) failures += 1;
      if (left <= 0 || failures >= FAILURES_MAX) break;
    }
  }
  return values;
}

/** What stands in the fences of a text (CommonMark, three backticks or tildes and more), in their order. */
function fenced(text: string): string[] {
  const blocks: string[] = [];
  let fence = '';
  let from = 0;
  for (const match of text.matchAll(/^ {0,3}(`{3,}|~{3,})[^\n]*/gm)) {
    const mark = match[1] ?? '';
    if (fence === '') {
      fence = mark;
      from = match.index + match[0].length;
    } else if (mark.startsWith(fence)) {
      blocks.push(text.slice(from, match.index));
      fence = '';
    }
  }
  return blocks;
}

/**
 * JSON values of an answer, the likeliest first: the whole text; else what its fences hold; else objects and arrays between
 * its words. None of a text of more than a MiB.
 */
export function jsonInText(text: string): JsonValue[] {
  if (text.length > SEARCH_CHARS) return [];
  const trimmed = text.trim();
  const whole = parsed(trimmed);
  if (whole.kind !== 'none') return whole.kind === 'value' ? [whole.value] : [];
  const blocks = fenced(trimmed)
    .slice(-VALUES_MAX)
    .map(parsed)
    .flatMap((block) => (block.kind === 'value' ? [block.value] : []));
  return blocks.length > 0 ? blocks : bracketed(trimmed);
}

function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).flatMap(([name, member]): [string, JsonValue][] =>
    member === undefined ? [] : [[name, sorted(member)]],
  );
  // `fromEntries` defines own members, so that one named `__proto__` is a member like others.
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * One text for equal values: members in the order of their names (UTF-16), no space. Numbers are doubles, as RFC 8259 has
 * them. Members named by whole numbers come first, in the order of those: the language sorts them so.
 */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(sorted(value));
}
