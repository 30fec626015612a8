import { clip } from '@atp-router/kernel';
import type { Citation, Span } from '../answer.ts';
import { parseCitation } from '../text/citation.ts';
import { LOOK_CHARS } from '../text/fold.ts';

/** Citations of one answer; those beyond are not read. */
const CITATIONS_MAX = 256;
const RANGE = /^[lL]?(\d{1,8})(?:[-–][lL]?(\d{1,8}))?$/;

function rangeOf(word: string | undefined): Span | undefined {
  const match = RANGE.exec(word ?? '');
  if (match === null) return undefined;
  const start_line = Number(match[1]);
  return { start_line, end_line: match[2] === undefined ? start_line : Number(match[2]) };
}

const isLines = (word: string | undefined): boolean => /^(?:lines?|ll?\.)$/i.test(word ?? '');

/** A citation that begins at a word: `a.ts:10`, `a.ts lines 10-12`, `lines 10-12 of a.ts`. */
function citationAt(words: readonly string[], at: number): Citation | undefined {
  const word = words[at] ?? '';
  if (isLines(word)) {
    const span = rangeOf(words[at + 1]);
    const joins = /^(?:of|in)$/i.test(words[at + 2] ?? '');
    const place = span !== undefined && joins ? parseCitation(words[at + 3] ?? '') : undefined;
    return place?.span === undefined && place !== undefined && span !== undefined
      ? { file: place.file, span }
      : undefined;
  }
  const place = parseCitation(word);
  if (place === undefined) return undefined;
  const span = place.span ?? (isLines(words[at + 1]) ? rangeOf(words[at + 2]) : undefined);
  return span === undefined ? undefined : { file: place.file, span };
}

/**
 * Places that a free text cites, each once, in their order: names of files with lines. A name alone is none: it may be that
 * of a program. Of the first 65,536 characters.
 */
export function readCitations(text: string): Citation[] {
  const words = clip(text, LOOK_CHARS)
    .split(/[\s"'`“”()[\]{}<>,;|*]+/)
    .map((word) => word.replace(/[.:!?]$/, ''));
  const found = new Map<string, Citation>();
  for (let at = 0; at < words.length && found.size < CITATIONS_MAX; at += 1) {
    const citation = citationAt(words, at);
    if (citation !== undefined) found.set(JSON.stringify(citation), citation);
  }
  return [...found.values()];
}
