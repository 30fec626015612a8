/** A line of a changed file, without its line break; a carriage return before that is not part of it. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** From 1; undefined for a removed line. */
  readonly new_line: number | undefined;
}

/** One file of a diff. */
export interface FileChange {
  /** On the new side; of a deleted file where it was. */
  readonly path: string;
  /** Where it was before, when that is another path. */
  readonly old_path: string | undefined;
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied';
  readonly kind: 'text' | 'binary' | 'symlink' | 'submodule';
  /** Both undefined when the mode did not change. */
  readonly old_mode: string | undefined;
  readonly new_mode: string | undefined;
  /** In the order of the diff: with enough context all of the file. */
  readonly lines: readonly DiffLine[];
  readonly added: number;
  readonly removed: number;
}

interface Draft {
  path: string | undefined;
  old_path: string | undefined;
  status: FileChange['status'];
  is_binary: boolean;
  old_mode: string | undefined;
  new_mode: string | undefined;
  index_mode: string | undefined;
  readonly lines: DiffLine[];
}

/** A hunk that is being read: lines that are still to come on each side, and the number of the next new one. */
interface Hunk {
  old_left: number;
  new_left: number;
  next: number;
}

const HUNK = /^@@ -\d{1,10}(?:,(\d{1,10}))? \+(\d{1,10})(?:,(\d{1,10}))? @@/;

/**
 * Reads what `git diff` prints (git-diff(1), "Generating patch text with -p"), in the order of paths. Lines of a hunk are
 * counted, so nothing that stands in a file is taken for a header.
 */
export function parseDiff(text: string): readonly FileChange[] {
  const files: Draft[] = [];
  let file: Draft | undefined;
  let hunk: Hunk | undefined;
  for (const line of linesOf(text)) {
    if (file !== undefined && hunk !== undefined && (hunk.old_left > 0 || hunk.new_left > 0)) {
      take(file, hunk, line);
    } else if (line.startsWith('diff --git ')) {
      file = fresh(line.slice('diff --git '.length));
      files.push(file);
      hunk = undefined;
    } else if (file !== undefined && line.startsWith('@@')) {
      hunk = hunkOf(line);
    } else if (file !== undefined && hunk === undefined) header(file, line);
    // Else it is "\ No newline at end of file", or nothing that git prints.
  }
  return files.map(changeOf).sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    yield text.slice(start, end < 0 ? undefined : end);
    start = end < 0 ? text.length : end + 1;
  }
}

function fresh(names: string): Draft {
  return {
    path: samePath(names),
    old_path: undefined,
    status: 'modified',
    is_binary: false,
    old_mode: undefined,
    new_mode: undefined,
    index_mode: undefined,
    lines: [],
  };
}

/** Of `a/x b/x` the path, which both sides share unless other headers say otherwise. */
function samePath(names: string): string | undefined {
  if (names.startsWith('"')) {
    const end = quotedEnd(names);
    return end === undefined ? undefined : unprefixed(unquoted(names.slice(0, end)));
  }
  const half = (names.length - 1) / 2;
  return Number.isInteger(half) ? unprefixed(names.slice(0, half)) : undefined;
}

function header(file: Draft, line: string): void {
  const value = (prefix: string): string | undefined =>
    line.startsWith(prefix) ? line.slice(prefix.length) : undefined;
  const from = value('rename from ') ?? value('copy from ');
  const to = value('rename to ') ?? value('copy to ');
  const old_side = value('--- ');
  const new_side = value('+++ ');
  const index = /^index [0-9a-f]+\.\.[0-9a-f]+ (\d{6})$/.exec(line)?.[1];
  if (from !== undefined) {
    file.status = line.startsWith('rename') ? 'renamed' : 'copied';
    file.old_path = unquoted(from);
  } else if (to !== undefined) file.path = unquoted(to);
  else if (old_side !== undefined) {
    if (file.status === 'deleted') file.path = sidePath(old_side) ?? file.path;
  } else if (new_side !== undefined) file.path = sidePath(new_side) ?? file.path;
  else if (index !== undefined) file.index_mode = index;
  else if (line.startsWith('Binary files ') || line === 'GIT binary patch') file.is_binary = true;
  else modes(file, value);
}

function modes(file: Draft, value: (prefix: string) => string | undefined): void {
  const added = value('new file mode ');
  const deleted = value('deleted file mode ');
  if (added !== undefined) file.status = 'added';
  if (deleted !== undefined) file.status = 'deleted';
  file.old_mode = deleted ?? value('old mode ') ?? file.old_mode;
  file.new_mode = added ?? value('new mode ') ?? file.new_mode;
}

/** Git ends a name with a blank in it by a tab. */
function sidePath(text: string): string | undefined {
  const name = unquoted(text.replace(/\t$/, ''));
  return name === '/dev/null' ? undefined : unprefixed(name);
}

const unprefixed = (name: string): string => name.replace(/^[ab]\//, '');

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

function quotedEnd(text: string): number | undefined {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}

/** A name as git quotes it (`core.quotePath`): in C's way, bytes beyond ASCII as octal numbers, which are UTF-8. */
function unquoted(name: string): string {
  if (!name.startsWith('"') || quotedEnd(name) !== name.length) return name;
  const bytes: number[] = [];
  const inner = Buffer.from(name.slice(1, -1), 'utf8');
  for (let at = 0; at < inner.length; at += 1) {
    const byte = inner[at] ?? 0;
    if (byte !== 0x5c) {
      bytes.push(byte);
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(inner.toString('latin1', at + 1, at + 4))?.[0];
    bytes.push(
      octal === undefined ? (ESCAPES[String.fromCharCode(inner[at + 1] ?? 0)] ?? 0x3f) : Number.parseInt(octal, 8),
    );
    at += octal === undefined ? 1 : 3;
  }
  return Buffer.from(bytes).toString('utf8');
}

function hunkOf(line: string): Hunk | undefined {
  const match = HUNK.exec(line);
  if (match === null) return undefined;
  return { old_left: Number(match[1] ?? 1), next: Number(match[2]), new_left: Number(match[3] ?? 1) };
}

function take(file: Draft, hunk: Hunk, line: string): void {
  const sign = line[0];
  // Of the last line of a side; it may stand between the two sides.
  if (sign === '\\') return;
  const text = line.slice(1).replace(/\r$/, '');
  if (sign === '-') {
    hunk.old_left -= 1;
    file.lines.push({ kind: 'removed', text, new_line: undefined });
    return;
  }
  if (sign !== '+') hunk.old_left -= 1;
  hunk.new_left -= 1;
  file.lines.push({ kind: sign === '+' ? 'added' : 'same', text, new_line: hunk.next });
  hunk.next += 1;
}

const SYMLINK = '120000';
const SUBMODULE = '160000';

function changeOf(file: Draft): FileChange {
  const { path = '', status, lines, old_mode, new_mode } = file;
  const mode = new_mode ?? file.index_mode ?? old_mode;
  const is_submodule = [mode, old_mode].includes(SUBMODULE);
  const is_symlink = [mode, old_mode].includes(SYMLINK);
  const kind = is_submodule ? 'submodule' : is_symlink ? 'symlink' : file.is_binary ? 'binary' : 'text';
  const is_mode_change = old_mode !== undefined && new_mode !== undefined && old_mode !== new_mode;
  return {
    path,
    old_path: file.old_path === path ? undefined : file.old_path,
    status,
    kind,
    old_mode: is_mode_change ? old_mode : undefined,
    new_mode: is_mode_change ? new_mode : undefined,
    lines,
    added: lines.filter((one) => one.kind === 'added').length,
    removed: lines.filter((one) => one.kind === 'removed').length,
  };
}
