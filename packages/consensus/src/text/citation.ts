import type { Span } from '../answer.ts';

/** A place that a text names. */
export interface CitedPlace {
  readonly file: string;
  readonly span: Span | undefined;
}

/** Ends of names without a folder that are names of hosts: `example.com:443` is no line of a file. */
const HOSTS: ReadonlySet<string> = new Set(['com', 'dev', 'io', 'local', 'localhost', 'net', 'org']);

/** Whether a word looks like the name of a file: it has an ending with a letter or a folder, and is no address. */
function isFileName(name: string): boolean {
  if (name.length > 512 || name.includes('://') || !/\p{L}/u.test(name) || /[\s<>"|?*]/.test(name)) return false;
  if (/[/\\]/.test(name)) return true;
  const ending = /\.(\w{1,12})$/.exec(name)?.[1];
  return ending !== undefined && /[a-z]/i.test(ending) && !HOSTS.has(ending.toLowerCase());
}

/** `src/a.ts:10-12`, `src/a.ts:10`, `src/a.ts#L10-L12`, `src/a.ts`; undefined for what is none of them. */
export function parseCitation(word: string): CitedPlace | undefined {
  const match = /^(.{1,512}?)(?::|#[lL])(\d{1,8})(?:[-–][lL]?(\d{1,8})|:\d{1,8})?$/s.exec(word);
  const file = match?.[1] ?? word;
  if (!isFileName(file)) return undefined;
  if (match === null) return { file, span: undefined };
  const start_line = Number(match[2]);
  const end_line = match[3] === undefined ? start_line : Number(match[3]);
  return { file, span: { start_line, end_line } };
}
