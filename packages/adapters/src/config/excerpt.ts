import { CST, Lexer } from 'yaml';
import { nodeAt } from './describe.ts';
import { futureKeys } from './future-keys.ts';
import { type SchemaNode, schemaTree } from './json-schema.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { MODEL_PATTERN, NAME_PATTERN } from './schema-parts.ts';
import { type Located, readSource } from './source.ts';

export interface Excerpt {
  readonly line: string;
  /** Column of the fault in `line`, from 0. */
  readonly caret: number;
}

export type Excerpter = (problem: Problem) => Excerpt | undefined;

const BLANK = '…';
const SHOWN_CHARS_MAX = 120;
const BEFORE_CARET_MAX = 60;
const NAME_CHARS_MAX = 40;
const STRUCTURE: ReadonlySet<string> = new Set([...' \t{}[],:-?"\'']);

interface Word {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly is_key: boolean;
}

/**
 * Makes excerpts of a file with nothing in them that could be a secret. Kept are structure, documented keys, numbers,
 * enumerated values and names where the schema has such, and the word at fault if the problem itself shows it; all else
 * is blanked, comments too. Works from tokens, so also for a file that does not parse: what looks like a key there may be
 * a value, so only documented ones are kept.
 */
export function excerpter(text: string): Excerpter {
  const tree = schemaTree();
  const words = wordsOf(text);
  const keys = documentedKeys(tree);
  const open = harmlessValues(text, tree);
  return (problem) => {
    const start = lineStart(text, problem.line);
    if (start === undefined) return undefined;
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const caret_at = Math.min(start + problem.column - 1, end);
    const kept = words.filter((word) => {
      if (word.to <= start || word.from >= end) return false;
      const bare = word.text.replace(/^(["'])(.*)\1$/s, '$2');
      if (word.is_key) return keys.has(bare) || (word.from === caret_at && problem.path.endsWith(formatPath([bare])));
      return open.has(word.from) || (word.from === caret_at && bare === problem.got);
    });
    return draw(text, start, end, caret_at, kept);
  };
}

function draw(text: string, start: number, end: number, caret_at: number, kept: readonly Word[]): Excerpt {
  let line = '';
  let caret: number | undefined;
  for (let i = start; i < end; i += 1) {
    if (i === caret_at) caret = line.length;
    const char = text[i] ?? '';
    if (kept.some((word) => i >= word.from && i < word.to) || STRUCTURE.has(char)) line += char === '\t' ? ' ' : char;
    else if (!line.endsWith(BLANK)) line += BLANK;
  }
  return cut(line.trimEnd(), caret ?? line.length);
}

/** A line of a JSON file may be the whole file. */
function cut(line: string, caret: number): Excerpt {
  const from = Math.max(0, caret - BEFORE_CARET_MAX);
  const piece = line.slice(from, from + SHOWN_CHARS_MAX);
  return { line: `${from > 0 ? BLANK : ''}${piece}`, caret: caret - from + (from > 0 ? BLANK.length : 0) };
}

function lineStart(text: string, line: number): number | undefined {
  let start = 0;
  for (let i = 1; i < line; i += 1) {
    const newline = text.indexOf('\n', start);
    if (newline === -1) return undefined;
    start = newline + 1;
  }
  return start;
}

/** The scalars of the text, from the flat token stream: no recursion, and no need for the text to be valid. */
function wordsOf(text: string): Word[] {
  const words: { text: string; from: number; to: number; is_key: boolean }[] = [];
  let offset = 0;
  let scalar_next = false;
  for (const piece of new Lexer().lex(text)) {
    // Markers without a place in the text: document start, end of a flow fault, "a plain scalar follows".
    if (piece === CST.DOCUMENT || piece === CST.FLOW_END || piece === CST.SCALAR) {
      scalar_next = piece === CST.SCALAR;
      continue;
    }
    const last = words.at(-1);
    if (piece === ':' && last !== undefined && text.slice(last.to, offset).trim() === '') last.is_key = true;
    if (scalar_next || piece.startsWith('"') || piece.startsWith("'")) {
      words.push({ text: piece, from: offset, to: offset + piece.length, is_key: false });
    }
    offset += piece.length;
    scalar_next = false;
  }
  return words;
}

function documentedKeys(tree: SchemaNode): ReadonlySet<string> {
  const keys = new Set(futureKeys().flatMap((entry) => entry.words));
  const collect = (node: SchemaNode): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      keys.add(key);
      collect(child);
    }
    for (const child of [node.items, node.additionalProperties, ...(node.anyOf ?? [])]) {
      if (typeof child === 'object') collect(child);
    }
  };
  collect(tree);
  return keys;
}

/** Offsets of the values that the schema says are numbers, enumerated words or names. None in a file with faults of syntax. */
function harmlessValues(text: string, tree: SchemaNode): ReadonlySet<number> {
  const source = readSource(text, { env: () => undefined, file: () => undefined });
  const offsets = new Set<number>();
  const collect = (at: Located, path: Path): void => {
    for (const [segment, child] of at.children) collect(child, [...path, segment]);
    const node = at.raw === undefined || path.length === 0 ? undefined : nodeAt(tree, path);
    if (node !== undefined && at.raw !== undefined && isHarmless(node, at.raw)) offsets.add(at.offset);
  };
  if (source.syntax.length === 0) collect(source.root, []);
  return offsets;
}

function isHarmless(node: SchemaNode, raw: string): boolean {
  if (node.writeOnly === true) return false;
  if (node.enum !== undefined) return node.enum.includes(raw);
  if (node.type === 'boolean') return raw === 'true' || raw === 'false';
  if (node.type === 'integer' || node.type === 'number') return /^-?[\d.eE+-]{1,24}$/.test(raw);
  const named = node.pattern === NAME_PATTERN.source || node.pattern === MODEL_PATTERN.source;
  return named && raw.length <= NAME_CHARS_MAX && MODEL_PATTERN.test(raw);
}
