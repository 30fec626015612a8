import { unusable } from '../../lines.ts';

export interface TarFile {
  readonly name: string;
  readonly bytes: Buffer;
}

const BLOCK = 512;
const FILES_MAX = 4_096;
const REGULAR: ReadonlySet<string> = new Set(['0', '\0']);
const DIRECTORY = '5';

/**
 * Files of a tar archive (POSIX.1-1988 ustar) that is held as a whole. Nothing but regular files and directories is taken: links,
 * devices and extensions are refused, and so is a name that would leave the folder, though nothing is written.
 */
export function tarFiles(file: string, tar: Buffer): readonly TarFile[] {
  const found = new Map<string, TarFile>();
  for (let start = 0; start < tar.length; ) {
    const header = tar.subarray(start, start + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (header.length < BLOCK || !isSummed(header)) throw unusable(file, `at byte ${start} there is no tar header.`);
    const name = nameOf(file, header);
    const size = octal(header, 124, 12);
    if (size === undefined) throw unusable(file, `${name} has no size that can be read.`);
    const from = start + BLOCK;
    if (from + size > tar.length) throw unusable(file, `it ends within ${name}. Fetch it again.`);
    const type = header.toString('latin1', 156, 157);
    if (REGULAR.has(type)) {
      if (found.has(name)) throw unusable(file, `${name} is in it twice.`);
      if (found.size >= FILES_MAX) throw unusable(file, `it holds more than ${FILES_MAX} files.`);
      found.set(name, { name, bytes: tar.subarray(from, from + size) });
    } else if (type !== DIRECTORY) throw unusable(file, `${name} is no regular file. Pack plain files only (ustar).`);
    start = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  return [...found.values()];
}

/** The sum over a header, with blanks in place of the sum itself. */
function isSummed(header: Buffer): boolean {
  let sum = 0;
  for (const [i, byte] of header.entries()) sum += i >= 148 && i < 156 ? 0x20 : byte;
  return sum === octal(header, 148, 8);
}

function nameOf(file: string, header: Buffer): string {
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
  const name = prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
  if (name === '' || name.startsWith('/') || name.includes('\\') || name.split('/').includes('..'))
    throw unusable(file, `it holds ${name === '' ? 'a file without a name' : name}, which leaves its folder.`);
  return name;
}

function text(header: Buffer, start: number, length: number): string {
  const end = header.subarray(start, start + length).indexOf(0);
  return header.toString('utf8', start, start + (end < 0 ? length : end));
}

function octal(header: Buffer, start: number, length: number): number | undefined {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(header.toString('latin1', start, start + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}
