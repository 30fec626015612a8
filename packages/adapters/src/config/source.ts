import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Draft, type Path, shorten } from './problem.ts';
import { substitute, type ValueSources } from './substitute.ts';
import { describeSyntax, type SyntaxFault } from './syntax.ts';

/** A large fleet of tenants takes 2 MiB; more is not a configuration. */
export const SOURCE_BYTES_MAX = 4_194_304;
const DEPTH_MAX = 32;
// Counted after aliases are followed, which is what makes nested aliases ("billion laughs") harmless.
const NODES_MAX = 200_000;

/** Where a value stands in the text, in UTF-16 offsets. */
export interface Located {
  readonly offset: number;
  readonly end: number;
  readonly key_offset: number;
  /** A scalar as written, before substitution. */
  readonly raw: string | undefined;
  /** The value holds text from outside the file. */
  readonly secret: boolean;
  readonly children: ReadonlyMap<string | number, Located>;
}

/** The file as plain data beside a tree of places, with what went wrong on the way. */
export interface Source {
  readonly data: unknown;
  readonly root: Located;
  readonly syntax: readonly SyntaxFault[];
  readonly drafts: readonly Draft[];
  place(offset: number): { readonly line: number; readonly column: number };
}

interface Walk {
  readonly sources: ValueSources;
  readonly drafts: Draft[];
  anchors: Map<string, Node>;
  /** Anchors being expanded: an alias inside its own anchor would never end. */
  readonly open: Set<string>;
  nodes: number;
  overflow: boolean;
}

interface Built {
  readonly data: unknown;
  readonly at: Located;
}

/** Stands for whatever has no place or no value of its own. */
const NOWHERE: Located = { offset: 0, end: 0, key_offset: 0, raw: undefined, secret: false, children: new Map() };

/** Reads YAML 1.2 (and so JSON). Never throws. */
export function readSource(text: string, sources: ValueSources): Source {
  const lines = new LineCounter();
  const place = (offset: number): { line: number; column: number } => {
    const at = lines.linePos(offset);
    return { line: Math.max(1, at.line), column: Math.max(1, at.col) };
  };
  const empty = { data: undefined, root: NOWHERE, drafts: [], place };
  if (text.length > SOURCE_BYTES_MAX) {
    return {
      ...empty,
      syntax: [{ offset: 0, message: 'the file is too large', expected: `at most ${SOURCE_BYTES_MAX} bytes` }],
    };
  }
  try {
    // Unique keys are checked by the walk: the library compares each pair, which is slow enough to be an attack.
    const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
    const syntax = describeSyntax([...doc.errors, ...doc.warnings], text);
    const walk: Walk = { sources, drafts: [], anchors: new Map(), open: new Set(), nodes: 0, overflow: false };
    const built = build(doc.contents, [], 0, walk);
    if (walk.overflow)
      syntax.push({
        offset: 0,
        message: 'the file expands to too many values',
        expected: `at most ${NODES_MAX} values, aliases counted each time`,
      });
    return { data: built.data, root: built.at, syntax, drafts: walk.drafts, place };
  } catch {
    // The parser recurses, so hostile nesting ends it by exhausting the stack.
    return {
      ...empty,
      syntax: [
        { offset: 0, message: 'the file cannot be read as YAML', expected: `values nested at most ${DEPTH_MAX} deep` },
      ],
    };
  }
}

function build(node: Node | null, path: Path, depth: number, walk: Walk, key_offset?: number): Built {
  const offset = node?.range?.[0] ?? key_offset ?? 0;
  const at = { offset, end: node?.range?.[1] ?? offset, key_offset: key_offset ?? offset };
  walk.nodes += 1;
  if (walk.nodes > NODES_MAX) walk.overflow = true;
  if (node === null || walk.overflow) return { data: null, at: { ...NOWHERE, ...at } };
  if (depth > DEPTH_MAX) {
    walk.drafts.push(draft(path, 'value', 'the file is nested too deep', `at most ${DEPTH_MAX} levels`));
    return { data: null, at: { ...NOWHERE, ...at } };
  }
  if (!isAlias(node) && 'anchor' in node && node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  if (isAlias(node)) return buildAlias(node.source, path, depth, walk, at);
  if (isScalar(node)) return buildScalar(node.value, node.source, path, walk, at);
  if (isSeq(node)) {
    const items = node.items.map((item, i) => build(item as Node | null, [...path, i], depth + 1, walk));
    return {
      data: items.map((item) => item.data),
      at: { ...NOWHERE, ...at, children: new Map(items.map((item, i) => [i, item.at])) },
    };
  }
  return isMap(node)
    ? buildMap(node.items as readonly Pair[], path, depth, walk, at)
    : { data: null, at: { ...NOWHERE, ...at } };
}

type Span = Pick<Located, 'offset' | 'end' | 'key_offset'>;

function buildAlias(name: string, path: Path, depth: number, walk: Walk, at: Span): Built {
  const target = walk.anchors.get(name);
  if (target === undefined || walk.open.has(name)) {
    const [message, expected] =
      target === undefined
        ? ['the alias names no anchor above it', 'an anchor (&name) before its alias (*name)']
        : ['the alias stands inside its own anchor', 'an alias outside of what it repeats'];
    walk.drafts.push(draft(path, 'value', message, expected));
    return { data: null, at: { ...NOWHERE, ...at } };
  }
  walk.open.add(name);
  const built = build(target, path, depth, walk);
  walk.open.delete(name);
  return { data: built.data, at: { ...built.at, ...at } };
}

function buildScalar(value: unknown, source: string | undefined, path: Path, walk: Walk, at: Span): Built {
  const raw = source ?? (value === null ? '' : String(value));
  if (typeof value !== 'string') return { data: value, at: { ...NOWHERE, ...at, raw } };
  const found = substitute(value, walk.sources);
  if (found.kind === 'resolved') return { data: found.value, at: { ...NOWHERE, ...at, raw, secret: found.secret } };
  if (found.kind === 'failed')
    for (const fault of found.faults) walk.drafts.push(draft(path, 'value', fault.message, fault.expected));
  return { data: value, at: { ...NOWHERE, ...at, raw } };
}

interface Pair {
  readonly key: unknown;
  readonly value: unknown;
}

function buildMap(pairs: readonly Pair[], path: Path, depth: number, walk: Walk, at: Span): Built {
  const data: Record<string, unknown> = {};
  const children = new Map<string | number, Located>();
  for (const { key, value } of pairs) {
    const key_node = key as Node | null;
    const key_offset = key_node?.range?.[0] ?? at.offset;
    if (!isScalar(key_node) || typeof key_node.value === 'object') {
      walk.drafts.push(draft(path, 'value', 'a key is not a plain word', 'keys that are plain words'));
      continue;
    }
    const name = String(key_node.value);
    const child_path = [...path, name];
    if (children.has(name)) {
      walk.drafts.push({
        ...draft(child_path, 'key', `key "${shorten(name)}" stands twice in this mapping`, 'each key once'),
        offset: key_offset,
      });
      continue;
    }
    const built = build(value as Node | null, child_path, depth + 1, walk, key_offset);
    children.set(name, built.at);
    if (name === '__proto__') walk.drafts.push(draft(child_path, 'key', '"__proto__" cannot be a key', 'another name'));
    // Assigning `__proto__` would change the prototype instead of making a key.
    Object.defineProperty(data, name, { value: built.data, enumerable: true, configurable: true, writable: true });
  }
  return { data, at: { ...NOWHERE, ...at, children } };
}

function draft(path: Path, part: Draft['part'], message: string, expected: string): Draft {
  return { path, part, kind: 'present', message, expected };
}
