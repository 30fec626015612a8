/**
 * One fault of a configuration file. `line` and `column` count from 1 and point at the YAML node (the key for a key
 * that should not be there, the surrounding mapping for one that is missing). No field ever holds a secret: values of
 * secret fields are left out, and text from `${…}` is shown as written, not as resolved.
 */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** For example `models[2].price.in_usd_per_mtok`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  /** What would be right here, in words. */
  readonly expected: string;
  /** What stands here, as written and shortened; absent for secrets. */
  readonly got?: string;
  /** The likely intended key or value. */
  readonly suggestion?: string;
}

/** What is no fault of a configuration, and will surprise all the same. */
export interface ConfigWarning {
  /** As in a `Problem`. */
  readonly path: string;
  /** What, and what to do. */
  readonly message: string;
}

export type Segment = string | number;
export type Path = readonly Segment[];

/** A problem before it has a place in the text. */
export interface Draft {
  readonly path: Path;
  /** Which side of `key: value` is at fault. */
  readonly part: 'key' | 'value';
  /** `absent`: something that a later part of the file might still supply. */
  readonly kind: 'present' | 'absent';
  /** Place in the text, when the path alone does not give it. */
  readonly offset?: number;
  readonly message: string;
  readonly expected: string;
  readonly got?: string;
  readonly suggestion?: string;
}

/** More would not be read, and a generated file may hold millions. */
export const PROBLEMS_MAX = 1_000;

const SHOWN_CHARS_MAX = 64;

export function shorten(text: string): string {
  const flat = text.replace(/\p{Cc}+/gu, ' ');
  return flat.length <= SHOWN_CHARS_MAX ? flat : `${flat.slice(0, SHOWN_CHARS_MAX - 1)}…`;
}

export function formatPath(path: Path): string {
  let out = '';
  for (const segment of path) {
    if (typeof segment === 'number') out += `[${segment}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(segment)) out += out === '' ? shorten(segment) : `.${shorten(segment)}`;
    else out += `[${JSON.stringify(shorten(segment))}]`;
  }
  return out;
}
