import type { Document } from '@atp-router/consensus';
import type { GenRequest, Part } from '@atp-router/dialects';

/** Documents of one task; those beyond cannot be cited. */
const DOCUMENTS_MAX = 1_024;
/** Characters of all of them. */
const CHARS_MAX = 8_388_608;
const NAME_CHARS_MAX = 1_024;
/** What a line that no excerpt shows counts as: one that begins far off must not cost more than what is sent. */
const UNSHOWN_CHARS = 32;
/** A fence, and the name of a file behind it: ```ts src/a.ts, ```src/a.ts, ```diff title="src/a.ts". */
const FENCE = /^(`{3,16}|~{3,16})[ \t]*(.*)$/;
const FILE_NAME = /(?:^|[\s="'(])((?:[\w@.+-]{1,128}\/){0,32}[\w@.+-]{1,128}\.[A-Za-z][\w]{0,15})(?=$|[\s"',)])/;

/** A name of any form, and where in its file an excerpt begins: ```text title="src/über uns.md" first_line=120. */
const TITLE = /(?:^|[ \t])title="([^"]{1,1024})"/;
const FIRST_LINE = /[ \t]first_line=([1-9]\d{0,5})(?=$|[ \t])/;

/** A block of a task; with `first_line` it is an excerpt, and those of one name are one document. */
type Add = (name: string, text: string, first_line?: number) => void;

/**
 * What a task gives to be read and cited: files of text that come with it, and fenced blocks that a file name introduces, on
 * the line of the fence or on the one before. Lines of a file that no excerpt shows are empty: nobody can have read them.
 */
export function documentsOf({ system, messages }: GenRequest): readonly Document[] {
  const found: { readonly name: string; readonly text: string; readonly lines: string[] | undefined }[] = [];
  const excerpts = new Map<string, string[]>();
  let chars = 0;
  const add: Add = (given, text, first_line) => {
    const name = given.slice(0, NAME_CHARS_MAX);
    const begun = first_line === undefined ? undefined : excerpts.get(name);
    const size = text.length + UNSHOWN_CHARS * Math.max(0, (first_line ?? 0) - 1 - (begun?.length ?? 0));
    if ((begun === undefined && found.length >= DOCUMENTS_MAX) || chars + size > CHARS_MAX) return;
    chars += size;
    const lines = first_line === undefined ? undefined : place(begun ?? [], text, first_line);
    if (begun !== undefined) return;
    if (lines !== undefined) excerpts.set(name, lines);
    found.push({ name, text, lines });
  };
  for (const part of [...system, ...messages.flatMap(({ role, parts }) => (role === 'user' ? parts : []))]) {
    const file = fileOf(part);
    if (file !== undefined) add(file.name, file.text);
    else if (part.type === 'text') blocksIn(part.text, add);
  }
  return found.map(({ name, text, lines }) => ({ name, text: lines === undefined ? text : lines.join('\n') }));
}

function place(lines: string[], text: string, first_line: number): string[] {
  while (lines.length < first_line - 1) lines.push('');
  for (const [i, line] of text.split('\n').entries()) lines[first_line - 1 + i] = line;
  return lines;
}

function fileOf(part: Part): Document | undefined {
  if (part.type !== 'file' || part.name === undefined) return undefined;
  const { source, name } = part;
  if (source.kind === 'text') return { name, text: source.text };
  if (source.kind !== 'base64' || !source.media_type.startsWith('text/')) return undefined;
  return { name, text: Buffer.from(source.data, 'base64').toString('utf8') };
}

interface Block {
  readonly mark: string;
  /** What stands behind the mark. */
  readonly info: string;
  readonly name: string | undefined;
  readonly lines: string[];
}

function blocksIn(text: string, add: Add): void {
  if (!text.includes('```') && !text.includes('~~~')) return;
  let open: Block | undefined;
  let before = '';
  for (const line of text.split('\n')) {
    const fence = line.length > NAME_CHARS_MAX ? null : FENCE.exec(line.trimStart());
    const mark = fence?.[1] ?? '';
    if (open === undefined) {
      const info = fence?.[2] ?? '';
      const name = TITLE.exec(info)?.[1] ?? nameIn(info) ?? nameIn(before);
      if (fence !== null) open = { mark, info, name, lines: [] };
      else if (line.trim() !== '') before = line;
    } else if (mark.startsWith(open.mark) && (fence?.[2] ?? '').trim() === '') {
      const [, first_line] = FIRST_LINE.exec(open.info) ?? [];
      if (open.name !== undefined) {
        add(open.name, open.lines.join('\n'), first_line === undefined ? undefined : Number(first_line));
      }
      open = undefined;
      before = '';
    } else open.lines.push(line);
  }
}

function nameIn(line: string): string | undefined {
  return FILE_NAME.exec(line.slice(0, NAME_CHARS_MAX))?.[1];
}
