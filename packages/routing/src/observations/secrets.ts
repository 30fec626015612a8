/** What is looked for in a text. `value`: the group that is masked; absent: the whole match. */
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
/** What stands where something was taken out. */
const TAKEN = /^\[(?:masked:[a-z_]{2,20}|secret|email|iban|card|ssn|ip|phone)\]/;

/**
 * Forms that vendors document for their keys, and two general ones that are held to their entropy. All repetitions are bounded,
 * none stands within another, and no long one begins within a run that it has just given up: so time is linear.
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
  { id: 'jwt', pattern: /(?<![\w-])(eyJ[\w-]{8,2000})\.[\w-]{8,8000}\.[\w-]{8,2000}/g, holds: isJwt },
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

/** Where a private key in PEM begins and ends. */
export const KEY_BEGINS: RegExp = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
export const KEY_ENDS: RegExp = /-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

export interface MaskedText {
  readonly text: string;
  /** Places that were masked. */
  readonly count: number;
}

/** A text with what looks like a key replaced by what `label` says for the rule that found it. Time is linear in its length. */
export function maskSecrets(whole: string, label: (rule: string) => string): MaskedText {
  let [text, count] = [whole, 0];
  for (const { id, pattern, value, holds } of RULES) {
    text = text.replace(pattern, (match: string, ...groups: readonly unknown[]) => {
      const secret = value === undefined ? match : String(groups[value - 1]);
      if (TAKEN.test(secret) || holds?.(secret) === false) return match;
      count += 1;
      const at = match.lastIndexOf(secret);
      return `${match.slice(0, at)}${label(id)}${match.slice(at + secret.length)}`;
    });
  }
  return { text, count };
}

/** The same for private keys in PEM, which stand on many lines; one without an end goes to the end of the text. */
export function maskKeyBlocks(whole: string, label: string): MaskedText {
  const parts: string[] = [];
  let [rest, count] = [whole, 0];
  for (let begins = KEY_BEGINS.exec(rest); begins !== null; begins = KEY_BEGINS.exec(rest)) {
    parts.push(rest.slice(0, begins.index), label);
    count += 1;
    rest = rest.slice(begins.index + begins[0].length);
    const ends = KEY_ENDS.exec(rest);
    rest = ends === null ? '' : rest.slice(ends.index + ends[0].length);
  }
  return { text: `${parts.join('')}${rest}`, count };
}

function isReal(value: string): boolean {
  return !PLACEHOLDER.test(value) && !TAKEN.test(value);
}

/** The head of a JSON Web Token (RFC 7519) is JSON with an algorithm. */
function isJwt(value: string): boolean {
  return /"alg"\s?:/.test(base64urlText(value.split('.')[0] ?? ''));
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Bytes as characters, RFC 4648: enough to find ASCII in them. */
function base64urlText(value: string): string {
  let [bits, held, text] = [0, 0, ''];
  for (const char of value) {
    bits = (bits << 6) | BASE64URL.indexOf(char);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    text += String.fromCharCode((bits >> held) & 0xff);
    bits &= (1 << held) - 1;
  }
  return text;
}

/** Shannon entropy of the characters of a text, bits each. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
