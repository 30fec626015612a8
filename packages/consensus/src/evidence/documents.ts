import type { Citation, Span } from '../answer.ts';
import type { AliasTable } from '../findings/aliases.ts';
import { canonicalFile } from '../findings/canonical.ts';
import type { Document } from '../strategy.ts';

/** Documents that citations are held against; those beyond are not known. */
const DOCUMENTS_MAX = 4_096;
/** Lines before and behind a cited range in which its quote is looked for: agents count lines badly. */
const NEAR_LINES = 3;
/** Characters of a document in which a quote is looked for. */
const SEARCH_CHARS = 1_048_576;
/** A longer cited range is no place: its quote is looked for in the whole file. */
const NEAR_CHARS = 16_384;
/** Characters of whole files that are searched for all quotes together; then a quote that is not near its lines is missing. */
const SEARCHES_CHARS = 268_435_456;

/**
 * What became of a citation. `good`: the quote stands there; `place_only`: the lines are there, and nothing is quoted;
 * `file_only`: the file is there, and no more is said; `quote_elsewhere`: it stands in the file, not near the lines. The
 * rest is false: the quote stands nowhere, the lines are beyond the end, there is no such file.
 */
export type CitationVerdict =
  | 'good'
  | 'place_only'
  | 'file_only'
  | 'quote_elsewhere'
  | 'quote_missing'
  | 'out_of_bounds'
  | 'unknown_file';

interface Indexed {
  readonly text: string;
  /** Where each line begins. A last one that is empty is none. */
  readonly starts: readonly number[];
}

const spaceless = (text: string): string => text.replace(/\s+/g, ' ').trim();

function indexed(text: string): Indexed {
  const starts: number[] = [];
  for (let at = 0; at < text.length; ) {
    starts.push(at);
    const end = text.indexOf('\n', at);
    at = end < 0 ? text.length : end + 1;
  }
  return { text, starts };
}

/** The lines of a range and those around it; undefined when they are no place but half a file. */
function near({ text, starts }: Indexed, { start_line, end_line }: Span): string | undefined {
  const from = starts[Math.max(0, start_line - 1 - NEAR_LINES)] ?? 0;
  const to = starts[end_line + NEAR_LINES] ?? text.length;
  return to - from > NEAR_CHARS ? undefined : spaceless(text.slice(from, to));
}

/** The parts of a quote between its ellipses; none of one without a character. */
function partsOf(quote: string): string[] {
  return spaceless(quote)
    .replace(/^["'`“”]+|["'`“”]+$/g, '')
    .split(/ ?(?:\[\.\.\.\]|\.\.\.|…) ?/)
    .filter((part) => part !== '');
}

/** Whether the parts of a quote stand in a text one after the other. */
function stands(parts: readonly string[], text: string): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}

/** Documents given with a task, for citations to be held against. */
export class DocumentIndex {
  readonly #table: AliasTable;
  readonly #texts = new Map<string, string>();
  readonly #indexed = new Map<string, Indexed>();
  /** What quotes are looked for in, each space once; made when one is. */
  readonly #spaceless = new Map<string, string>();
  #left = SEARCHES_CHARS;
  /** What names that are not those of documents were found to mean. */
  readonly #resolved = new Map<string, string | undefined>();

  /** Of several documents of one name the first counts. */
  constructor(documents: readonly Document[], table: AliasTable) {
    this.#table = table;
    for (const { name, text } of documents.slice(0, DOCUMENTS_MAX)) {
      const path = canonicalFile(name, table);
      if (!this.#texts.has(path)) this.#texts.set(path, text);
    }
  }

  /** There is nothing to hold citations against. */
  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** The document that a file name means: of its name, else the only one whose path ends with it, or that it ends with. */
  resolve(file: string): string | undefined {
    const path = canonicalFile(file, this.#table);
    if (this.#texts.has(path)) return path;
    if (path === '') return undefined;
    if (this.#resolved.has(path)) return this.#resolved.get(path);
    const ends = [...this.#texts.keys()].filter(
      (name) => name !== '' && (name.endsWith(`/${path}`) || path.endsWith(`/${name}`)),
    );
    const found = ends.length === 1 ? ends[0] : undefined;
    if (this.#resolved.size < DOCUMENTS_MAX) this.#resolved.set(path, found);
    return found;
  }

  check({ file, span, quote }: Citation): CitationVerdict {
    const name = this.resolve(file);
    if (name === undefined) return 'unknown_file';
    const document = this.#document(name);
    if (span !== undefined) {
      const isWithin =
        span.start_line >= 1 && span.end_line >= span.start_line && span.end_line <= document.starts.length;
      if (!isWithin) return 'out_of_bounds';
    }
    const parts = partsOf(quote ?? '');
    if (parts.length === 0) return span === undefined ? 'file_only' : 'place_only';
    if (span === undefined) return this.#isIn(name, parts) ? 'good' : 'quote_missing';
    const place = near(document, span);
    if (place !== undefined && stands(parts, place)) return 'good';
    if (!this.#isIn(name, parts)) return 'quote_missing';
    return place === undefined ? 'good' : 'quote_elsewhere';
  }

  #isIn(name: string, parts: readonly string[]): boolean {
    const text = this.#spaceless.get(name) ?? spaceless((this.#texts.get(name) ?? '').slice(0, SEARCH_CHARS));
    this.#spaceless.set(name, text);
    if (this.#left < text.length) return false;
    this.#left -= text.length;
    return stands(parts, text);
  }

  #document(name: string): Indexed {
    const known = this.#indexed.get(name);
    if (known !== undefined) return known;
    const document = indexed(this.#texts.get(name) ?? '');
    this.#indexed.set(name, document);
    return document;
  }
}
