import type { Citation, Finding, Span } from '../answer.ts';

/** Lines of one file: spans in their order, none of which touches another. `isWhole`: the file is named without lines. */
interface FileLines {
  readonly spans: readonly Span[];
  readonly isWhole: boolean;
}

/** What a finding points to, by file. */
export type Lines = ReadonlyMap<string, FileLines>;

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
  return new Map(
    Array.from(byFile, ([file, spans]) => {
      const merged = united(spans);
      return [file, { spans: merged, isWhole: merged.length === 0 }];
    }),
  );
}

const sizeOf = ({ spans, isWhole }: FileLines): number =>
  spans.reduce((sum, { start_line, end_line }) => sum + end_line - start_line + 1, isWhole ? 1 : 0);

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
  let shared = 0;
  let all = 0;
  for (const [file, lines] of a) {
    const others = b.get(file);
    if (others !== undefined) shared += sharedSize(lines, others);
    all += sizeOf(lines);
  }
  for (const lines of b.values()) all += sizeOf(lines);
  return all === 0 ? undefined : shared / (all - shared);
}
