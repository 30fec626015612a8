import type { Citation, Finding, Span } from '../answer.ts';

/** Lines of one file: spans in their order, none of which touches another. `isWhole`: the file is named without lines. */
interface FileLines {
  readonly spans: readonly Span[];
  readonly isWhole: boolean;
}

/** What a finding points to, by file, and how many lines these are in all. */
export interface Lines {
  readonly files: ReadonlyMap<string, FileLines>;
  readonly size: number;
}

/** Spans in their order, united where they meet. Those that end before they begin are left out. */
function united(spans: readonly Span[]): Span[] {
  const sorted = spans
    .filter(({ start_line, end_line }) => end_line >= start_line)
    .sort((a, b) => a.start_line - b.start_line || a.end_line - b.end_line);
  const result: Span[] = [];
  for (const span of sorted) {
    const last = result.at(-1);
    if (last === undefined || span.start_line > last.end_line + 1) result.push(span);
    else if (span.end_line > last.end_line) result[result.length - 1] = { ...last, end_line: span.end_line };
  }
  return result;
}

/** The lines that a finding is about and that it cites. */
export function linesOf(finding: Pick<Finding, 'file' | 'span' | 'evidence'>): Lines {
  const cited: readonly Citation[] = [{ file: finding.file, span: finding.span }, ...finding.evidence];
  const byFile = new Map<string, Span[]>();
  for (const { file, span } of cited) {
    if (file === '') continue;
    const spans = byFile.get(file) ?? [];
    if (span !== undefined) spans.push(span);
    byFile.set(file, spans);
  }
  const files = new Map<string, FileLines>();
  let size = 0;
  for (const [file, spans] of byFile) {
    const merged = united(spans);
    files.set(file, { spans: merged, isWhole: merged.length === 0 });
    size += sizeOf(merged);
  }
  return { files, size };
}

/** A file without lines counts as one. */
const sizeOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, { start_line, end_line }) => sum + end_line - start_line + 1, spans.length === 0 ? 1 : 0);

function sharedSize(a: FileLines, b: FileLines): number {
  let shared = a.isWhole && b.isWhole ? 1 : 0;
  let i = 0;
  let j = 0;
  for (let x = a.spans[i], y = b.spans[j]; x !== undefined && y !== undefined; x = a.spans[i], y = b.spans[j]) {
    shared += Math.max(0, Math.min(x.end_line, y.end_line) - Math.max(x.start_line, y.start_line) + 1);
    if (x.end_line < y.end_line) i += 1;
    else j += 1;
  }
  return shared;
}

/**
 * Jaccard on lines: shared ones over all. A file without lines counts as one line of its own. Undefined when neither side
 * points anywhere: there is nothing to compare.
 */
export function lineOverlap(a: Lines, b: Lines): number | undefined {
  const all = a.size + b.size;
  if (all === 0) return undefined;
  const [few, many] = a.files.size <= b.files.size ? [a.files, b.files] : [b.files, a.files];
  let shared = 0;
  for (const [file, lines] of few) {
    const others = many.get(file);
    if (others !== undefined) shared += sharedSize(lines, others);
  }
  return shared / (all - shared);
}
