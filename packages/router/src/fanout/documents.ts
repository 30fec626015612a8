import type { Document } from '@atp-router/consensus';
import type { GenRequest, Part } from '@atp-router/dialects';

/** Documents of one task; those beyond cannot be cited. */
const DOCUMENTS_MAX = 1_024;
/** Characters of all of them. */
const CHARS_MAX = 8_388_608;
const NAME_CHARS_MAX = 1_024;
/** A fence, and the name of a file behind it: ```ts src/a.ts, ```src/a.ts, ```diff title="src/a.ts". */
const FENCE = /^(`{3,16}|~{3,16})[ \t]*(.*)$/;
const FILE_NAME = /(?:^|[\s="'(])((?:[\w@.+-]{1,128}\/){0,32}[\w@.+-]{1,128}\.[A-Za-z][\w]{0,15})(?=$|[\s"',)])/;

/**
 * What a task gives to be read and cited: files of text that come with it, and fenced blocks that a file name introduces, on
 * the line of the fence or on the one before.
 */
export function documentsOf({ system, messages }: GenRequest): readonly Document[] {
  const found: Document[] = [];
  let chars = 0;
  const add = (name: string, text: string): void => {
    if (found.length >= DOCUMENTS_MAX || chars + text.length > CHARS_MAX) return;
    chars += text.length;
    found.push({ name: name.slice(0, NAME_CHARS_MAX), text });
  };
  for (const part of [...system, ...messages.flatMap(({ role, parts }) => (role === 'user' ? parts : []))]) {
    const file = fileOf(part);
    if (file !== undefined) add(file.name, file.text);
    else if (part.type === 'text') blocksIn(part.text, add);
  }
  return found;
}

function fileOf(part: Part): Document | undefined {
  if (part.type !== 'file' || part.name === undefined) return undefined;
  const { source, name } = part;
  if (source.kind === 'text') return { name, text: source.text };
  if (source.kind !== 'base64' || !source.media_type.startsWith('text/')) return undefined;
  return { name, text: Buffer.from(source.data, 'base64').toString('utf8') };
}

function blocksIn(text: string, add: (name: string, text: string) => void): void {
  if (!text.includes('```') && !text.includes('~~~')) return;
  let open: { readonly mark: string; readonly name: string | undefined; readonly lines: string[] } | undefined;
  let before = '';
  for (const line of text.split('\n')) {
    const fence = line.length > NAME_CHARS_MAX ? null : FENCE.exec(line.trimStart());
    const mark = fence?.[1] ?? '';
    if (open === undefined) {
      if (fence !== null) open = { mark, name: nameIn(fence[2] ?? '') ?? nameIn(before), lines: [] };
      else if (line.trim() !== '') before = line;
    } else if (mark.startsWith(open.mark) && (fence?.[2] ?? '').trim() === '') {
      if (open.name !== undefined) add(open.name, open.lines.join('\n'));
      open = undefined;
      before = '';
    } else open.lines.push(line);
  }
}

function nameIn(line: string): string | undefined {
  return FILE_NAME.exec(line.slice(0, NAME_CHARS_MAX))?.[1];
}
