import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** Text of a file of the repository. */
export function fileText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A document with the part between the marks of `part` made anew; with `WRITE_DOCS=1` it is written too. */
export function withPart(path: string, part: string, text: string): string {
  const begin = `<!-- ${part}: begin -->`;
  const end = `<!-- ${part}: end -->`;
  const document = fileText(path);
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${path} needs the lines "${begin}" and "${end}"`);
  const made = `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(join(ROOT, path), made);
  return made;
}

/** A Markdown table. Cells are text of Markdown; a bar in one does not end it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Rows of the tables in a piece of Markdown, without their heads. */
export function rowsOf(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| '));
  return lines.map((line) => line.slice(2, -2).split(' | '));
}

/** What stands between a heading and the next one of its level or above. */
export function section(document: string, heading: string): string {
  const lines = document.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new Error(`there is no "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level);
  return (end === -1 ? rest : rest.slice(0, end)).join('\n');
}

/** Words between backticks. */
export function quoted(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}
