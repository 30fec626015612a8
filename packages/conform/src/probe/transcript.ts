const LINES_MAX = 60;
const CHARS_MAX = 400;
const SECRET_MEMBERS = /("(?:resume_)?token"\s*:\s*)"(?:[^"\\]|\\.)*"/g;

/** What went over the connections of one judge, for people; bounded, and without keys and tokens. */
export class Transcript {
  readonly #lines: string[] = [];
  readonly #secrets: readonly string[];
  #dropped = 0;

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret !== '');
  }

  add(line: string): void {
    if (this.#lines.length >= LINES_MAX) {
      this.#lines.splice(LINES_MAX / 2, 1);
      this.#dropped += 1;
    }
    const clean = this.clean(line);
    this.#lines.push(clean.length <= CHARS_MAX ? clean : `${clean.slice(0, CHARS_MAX)}… (${clean.length} characters)`);
  }

  clean(text: string): string {
    let clean = text.replace(SECRET_MEMBERS, '$1"[redacted]"');
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '[redacted]');
    return clean;
  }

  lines(): readonly string[] {
    if (this.#dropped === 0) return this.#lines;
    const half = LINES_MAX / 2;
    return [...this.#lines.slice(0, half), `… ${this.#dropped} lines …`, ...this.#lines.slice(half)];
  }
}
