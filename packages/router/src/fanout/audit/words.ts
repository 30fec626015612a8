import { clip } from '@atp-router/kernel';

/** As many lines as a result has at most, and as long. */
const LINES_MAX = 24;
const LINE_CHARS_MAX = 400;

/**
 * Words of a strategy as a record may have them in clear. What they quote may be an agent's or a client's; it stands behind
 * a colon or in quotation marks, and is left out with whatever follows it.
 */
export function unquoted(lines: readonly string[]): readonly string[] {
  return lines.slice(0, LINES_MAX).map((line) => {
    const at = line.search(/["“:]/u);
    return at < 0
      ? clip(line, LINE_CHARS_MAX)
      : `${clip(line.slice(0, at), LINE_CHARS_MAX)}${line[at] === ':' ? ':' : ''} …`;
  });
}
