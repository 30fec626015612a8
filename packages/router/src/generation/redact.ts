/** Shorter values are words of their own (`none`, `ollama`), which texts would lose for nothing. */
const SECRET_CHARS_MIN = 8;
const REDACTED = '[redacted]';
/** What remote texts end with that were cut. */
const CUT = '…';

/** Headers that hold no secret; every other value that an operator configured may be one. */
const PLAIN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'anthropic-beta',
  'anthropic-version',
  'content-type',
  'http-referer',
  'openai-beta',
  'referer',
  'user-agent',
  'x-title',
]);

/** A provider's secrets: its key, and the values of its headers, whole and each word (`Bearer …`). */
export function secretsOf(provider: {
  readonly api_key?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}): readonly string[] {
  const values = Object.entries(provider.headers)
    .filter(([name]) => !PLAIN_HEADERS.has(name.toLowerCase()))
    .flatMap(([, value]) => [value, ...value.split(/\s+/)]);
  const all = provider.api_key === undefined ? values : [provider.api_key, ...values];
  return [...new Set(all)].filter((secret) => secret.length >= SECRET_CHARS_MIN);
}

/**
 * Takes secrets out of a text that a provider sent: as they are, percent-encoded, in hex, and in base64 of either alphabet
 * at any place of the encoded bytes. Ten searches for each secret, made for errors only.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  // Most providers never echo anything, so the forms are made at the first error.
  let forms: readonly string[] | undefined;
  return (text) => {
    if (text === '' || secrets.length === 0) return text;
    forms ??= [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
    let out = text;
    for (const form of forms) out = out.replaceAll(form, REDACTED);
    return out.endsWith(CUT) ? withoutBeginning(out.slice(0, -CUT.length), forms) + CUT : out;
  };
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const forms = [secret, encodeURIComponent(secret), hex, hex.toUpperCase()];
  for (const before of [0, 1, 2]) {
    const base64 = withinBase64(bytes, before);
    forms.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms.filter((form) => form.length >= SECRET_CHARS_MIN);
}

/** The characters of a base64 text that stand for these bytes alone, when `before` bytes of a group come before them. */
function withinBase64(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** A text that was cut within a secret ends with its beginning. */
function withoutBeginning(text: string, forms: readonly string[]): string {
  for (const form of forms) {
    for (let length = Math.min(form.length - 1, text.length); length >= SECRET_CHARS_MIN; length -= 1) {
      if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + REDACTED;
    }
  }
  return text;
}
