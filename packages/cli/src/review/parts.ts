import type { DiffLine, FileChange } from './diff.ts';

/** Lines of one file that are shown together: a change with what is around it. */
export interface Piece {
  readonly file: FileChange;
  /** Of the diff, in their order. */
  readonly lines: readonly DiffLine[];
  /** Of the new side, for citations to be held against: what `lines` have of it, and more around. */
  readonly excerpt: { readonly first_line: number; readonly lines: readonly string[] } | undefined;
  readonly chars: number;
}

/** What is asked at once. */
export interface Part {
  readonly pieces: readonly Piece[];
  readonly chars: number;
}

export interface PartLimits {
  /** Unchanged lines that the diff shows on each side of a change. */
  readonly context: number;
  /** Characters of diff and excerpts of one part; a single line may be beyond it. */
  readonly part_chars: number;
}

/** A file whose new side is no longer than that goes along whole, where all of its changes fit into one piece. */
const WHOLE_CHARS = 12_000;
/** Lines of the new side beyond the context of the diff that go along otherwise. */
const EXCERPT_LINES = 20;
/** Signs, numbers and line breaks of a line of the diff. */
const LINE_OVERHEAD = 10;
const FILE_OVERHEAD = 160;

/** Splits changes into parts of bounded size, in the order of files and lines: as few as come of filling one after the other. */
export function partsOf(files: readonly FileChange[], limits: PartLimits): readonly Part[] {
  const parts: Part[] = [];
  let pieces: Piece[] = [];
  let chars = 0;
  const close = (): void => {
    if (pieces.length > 0) parts.push({ pieces, chars });
    pieces = [];
    chars = 0;
  };
  for (const file of files) {
    for (const piece of piecesOf(file, limits)) {
      if (chars + piece.chars > limits.part_chars) close();
      pieces.push(piece);
      chars += piece.chars;
    }
  }
  close();
  return parts;
}

function piecesOf(file: FileChange, limits: PartLimits): readonly Piece[] {
  const { lines } = file;
  const ranges = rangesOf(lines, limits.context);
  const [first] = ranges;
  // A change of mode, or of a name, has no lines.
  if (first === undefined) return [{ file, lines: [], excerpt: undefined, chars: FILE_OVERHEAD + file.path.length }];
  const whole = newSide(lines, 0, lines.length);
  const shown = ranges.flatMap(([from, to]) => lines.slice(from, to));
  const chars = diffChars(shown) + (whole === undefined ? 0 : textChars(whole.lines)) + FILE_OVERHEAD;
  const is_small = whole === undefined || textChars(whole.lines) <= WHOLE_CHARS;
  if (is_small && chars <= limits.part_chars) return [{ file, lines: shown, excerpt: whole, chars }];
  return ranges.flatMap((range) => split(range, lines, limits.part_chars / 3)).map((range) => excerpted(file, range));
}

type Range = readonly [from: number, to: number];

/** Places of changed lines with their context, in the order of lines, none touching another. */
function rangesOf(lines: readonly DiffLine[], context: number): Range[] {
  const ranges: [number, number][] = [];
  for (const [i, { kind }] of lines.entries()) {
    if (kind === 'same') continue;
    const [from, to] = [Math.max(0, i - context), Math.min(lines.length, i + context + 1)];
    const last = ranges.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}

/** A range in pieces whose diff has at most so many characters, a longer line by itself. */
function split([from, to]: Range, lines: readonly DiffLine[], chars_max: number): Range[] {
  const ranges: Range[] = [];
  let [start, chars] = [from, 0];
  for (let at = from; at < to; at += 1) {
    const size = (lines[at]?.text.length ?? 0) + LINE_OVERHEAD;
    if (at > start && chars + size > chars_max) {
      ranges.push([start, at]);
      [start, chars] = [at, 0];
    }
    chars += size;
  }
  ranges.push([start, to]);
  // What is only context is shown with what it surrounds.
  return ranges.filter(([a, b]) => lines.slice(a, b).some(({ kind }) => kind !== 'same'));
}

function excerpted(file: FileChange, [from, to]: Range): Piece {
  const { lines } = file;
  const shown = lines.slice(from, to);
  const excerpt = newSide(lines, Math.max(0, from - EXCERPT_LINES), Math.min(lines.length, to + EXCERPT_LINES));
  const chars = diffChars(shown) + textChars(excerpt?.lines ?? []) + FILE_OVERHEAD;
  return { file, lines: shown, excerpt, chars };
}

/** Lines of the new side; undefined when there are none. They follow each other: the diff was made with whole files. */
function newSide(lines: readonly DiffLine[], from: number, to: number): Piece['excerpt'] {
  const kept = lines.slice(from, to).filter(({ kind }) => kind !== 'removed');
  const first_line = kept[0]?.new_line;
  return first_line === undefined ? undefined : { first_line, lines: kept.map(({ text }) => text) };
}

function diffChars(lines: readonly DiffLine[]): number {
  return textChars(lines.map(({ text }) => text)) + lines.length * (LINE_OVERHEAD - 1);
}

function textChars(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
