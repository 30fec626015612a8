import { clip } from '@atp-router/kernel';
import type { DiffLine, FileChange } from './diff.ts';

/** What is looked for in each line. `value`: the group that is masked; absent: the whole match. */
interface Rule {
  readonly id: string;
  readonly pattern: RegExp;
  readonly value?: number;
  /** Whether a match is a secret rather than a placeholder or a word; absent: it always is. */
  readonly holds?: (value: string) => boolean;
}

/** Bits of a character, by Shannon, below which a text is rather words or a placeholder than a key. */
const NAMED_BITS = 3;
const BARE_BITS = 4.3;
const PLACEHOLDER = /example|placeholder|changeme|your[-_]|xxxx|\.\.\.|\*\*\*|<|\$\{|%s|process\.env/i;

/**
 * Forms that vendors document for their keys, and two general ones that are held to their entropy. All repetitions are bounded,
 * and none stands within another.
 */
const RULES: readonly Rule[] = [
  { id: 'aws_key_id', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { id: 'github_token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,120})\b/g },
  { id: 'gitlab_token', pattern: /\bgl(?:pat|dt|rt|cbt)-[\w-]{20,64}/g },
  { id: 'slack_token', pattern: /\bxox[abeoprs]-[\w-]{10,250}/g },
  { id: 'stripe_key', pattern: /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}\b/g },
  { id: 'google_key', pattern: /\bAIza[\w-]{35}/g },
  { id: 'model_key', pattern: /\bsk-[A-Za-z0-9][\w-]{19,250}/g, holds: (value) => bitsOf(value) >= NAMED_BITS },
  { id: 'npm_token', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { id: 'pypi_token', pattern: /\bpypi-[\w-]{50,250}/g },
  { id: 'router_key', pattern: /\batp_[a-z2-7]{32}\b/g },
  { id: 'jwt', pattern: /\b(eyJ[\w-]{8,2000})\.[\w-]{8,8000}\.[\w-]{8,2000}/g, holds: isJwt },
  {
    id: 'url_password',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:([^\s/@"']{3,200})@/gi,
    value: 1,
    holds: isReal,
  },
  {
    id: 'named_secret',
    pattern:
      /(?:api[_-]?key|secret|token|passw(?:or)?d|pwd|credential|private[_-]?key|access[_-]?key)\w{0,20}["']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}["'`]?([^\s"'`,;(){}]{8,500})/gi,
    value: 1,
    holds: (value) => isReal(value) && bitsOf(value) >= NAMED_BITS && /\d/.test(value),
  },
  {
    id: 'random_text',
    pattern: /["'`]([A-Za-z0-9+/_-]{32,500}={0,2})["'`]/g,
    value: 1,
    // Hashes in hex name things rather than open them.
    holds: (value) => !/^[0-9a-f-]+$/i.test(value) && bitsOf(value) >= BARE_BITS && /\d/.test(value),
  },
];

const KEY_BEGINS = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const KEY_ENDS = /-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
/** A key of so many lines has ended, whatever comes. */
const KEY_LINES_MAX = 200;
/** Beyond that a line is cut before anybody sees it; and what is looked at, so that no key is cut in two unseen. */
const LINE_CHARS_MAX = 2_000;
const LOOK_CHARS = 3_000;

export interface Masked {
  readonly files: readonly FileChange[];
  /** Places that were masked. */
  readonly count: number;
}

/**
 * The same files with what looks like a key replaced by `[masked:<rule>]`, unless `mask` is off, and with long lines cut. The
 * number of lines stays.
 */
export function maskFiles(files: readonly FileChange[], mask: boolean): Masked {
  let count = 0;
  const masked = files.map((file) => {
    if (!mask) return { ...file, lines: file.lines.map((line) => ({ ...line, text: cut(line.text) })) };
    const lines = maskLines(file.lines);
    count += lines.count;
    return { ...file, lines: lines.lines };
  });
  return { files: masked, count };
}

function cut(text: string): string {
  return text.length > LINE_CHARS_MAX ? `${clip(text, LINE_CHARS_MAX)} [cut]` : text;
}

function maskLines(lines: readonly DiffLine[]): { readonly lines: readonly DiffLine[]; readonly count: number } {
  let [count, key_lines] = [0, 0];
  const masked = lines.map((line): DiffLine => {
    if (key_lines > 0) {
      key_lines = KEY_ENDS.test(line.text) ? 0 : key_lines - 1;
      return { ...line, text: '[masked:private_key]' };
    }
    const text = line.text.slice(0, LOOK_CHARS);
    if (KEY_BEGINS.test(text)) {
      count += 1;
      if (!KEY_ENDS.test(text)) key_lines = KEY_LINES_MAX;
      return { ...line, text: '[masked:private_key]' };
    }
    const result = maskText(text);
    count += result.count;
    return { ...line, text: cut(result.text) };
  });
  return { lines: masked, count };
}

/** One line with what looks like a key masked, and in how many places. */
export function maskText(text: string): { readonly text: string; readonly count: number } {
  let [result, count] = [text, 0];
  for (const { id, pattern, value, holds } of RULES) {
    result = result.replace(pattern, (match: string, ...groups: readonly unknown[]) => {
      const secret = value === undefined ? match : String(groups[value - 1]);
      if (secret.startsWith('[masked:') || holds?.(secret) === false) return match;
      count += 1;
      const at = match.lastIndexOf(secret);
      return `${match.slice(0, at)}[masked:${id}]${match.slice(at + secret.length)}`;
    });
  }
  return { text: result, count };
}

function isReal(value: string): boolean {
  return !PLACEHOLDER.test(value) && !value.startsWith('[masked:');
}

/** The head of a JSON Web Token (RFC 7519) is JSON with an algorithm. */
function isJwt(value: string): boolean {
  try {
    const head: unknown = JSON.parse(Buffer.from(value.split('.')[0] ?? '', 'base64url').toString('utf8'));
    return typeof head === 'object' && head !== null && 'alg' in head;
  } catch {
    return false;
  }
}

/** Shannon entropy of the characters of a text, bits each. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
