/** A part of a pattern. */
export type PatternNode =
  | { readonly kind: 'char'; readonly has: (point: number) => boolean }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'either'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number | undefined };

/** Longer ones are programs. */
export const PATTERN_CHARS_MAX = 512;
const DEPTH_MAX = 32;
const REPEATS_MAX = 1_000;

type Has = (point: number) => boolean;

const CLASSES: Readonly<Record<string, Has>> = {
  d: (point) => point >= 48 && point <= 57,
  w: (point) => /^\w$/.test(String.fromCodePoint(point)),
  s: (point) => /^\s$/.test(String.fromCodePoint(point)),
};
const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', '0': '\0' };
const NOT_NEWLINE: Has = (point) => point !== 10 && point !== 13 && point !== 0x2028 && point !== 0x2029;

/** Throws `SyntaxError`, which says what is wrong and where. */
export function parsePattern(source: string): PatternNode {
  if (source.length > PATTERN_CHARS_MAX) throw new SyntaxError(`it is longer than ${PATTERN_CHARS_MAX} characters`);
  return new Parser(source).whole();
}

/** What regular expressions of JavaScript and this have in common: the words of both mean the same. */
class Parser {
  readonly #cases: (point: number) => readonly number[] = remembered(casesOf);
  readonly #chars: readonly string[];
  readonly #any_case: boolean;
  #at = 0;

  constructor(source: string) {
    this.#any_case = source.startsWith('(?i)');
    this.#chars = [...(this.#any_case ? source.slice(4) : source)];
  }

  whole(): PatternNode {
    const node = this.#either(0);
    if (this.#at < this.#chars.length) throw this.#wrong('")" closes nothing');
    return node;
  }

  #either(depth: number): PatternNode {
    if (depth > DEPTH_MAX) throw this.#wrong(`groups are more than ${DEPTH_MAX} deep`);
    const parts = [this.#sequence(depth)];
    while (this.#take('|')) parts.push(this.#sequence(depth));
    return { kind: 'either', parts };
  }

  #sequence(depth: number): PatternNode {
    const parts: PatternNode[] = [];
    for (let next = this.#next; next !== undefined && next !== '|' && next !== ')'; next = this.#next)
      parts.push(this.#repeats(this.#atom(depth)));
    return { kind: 'sequence', parts };
  }

  #atom(depth: number): PatternNode {
    const char = this.#read();
    switch (char) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'char', has: NOT_NEWLINE };
      case '[':
        return { kind: 'char', has: this.#class() };
      case '(':
        return this.#group(depth);
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#wrong(`"${char}" repeats nothing; write "\\${char}" for the character`);
      case '\\':
        return { kind: 'char', has: this.#escaped() };
      default:
        return { kind: 'char', has: this.#one(char) };
    }
  }

  #group(depth: number): PatternNode {
    if (this.#take('?') && !this.#take(':'))
      throw this.#wrong('of groups with "(?" only "(?:" is known: it looks neither ahead nor behind');
    const node = this.#either(depth + 1);
    if (!this.#take(')')) throw this.#wrong('")" is missing');
    return node;
  }

  #repeats(part: PatternNode): PatternNode {
    const bounds = this.#bounds();
    if (bounds === undefined) return part;
    // As few as possible or as many: found is found.
    this.#take('?');
    const { min, max } = bounds;
    if (max !== undefined && max < min) throw this.#wrong('the most is below the least');
    if (Math.max(min, max ?? 0) > REPEATS_MAX) throw this.#wrong(`more than ${REPEATS_MAX} repetitions`);
    if (this.#bounds() !== undefined) throw this.#wrong('what is repeated is repeated again');
    return { kind: 'repeat', part, min, max };
  }

  #bounds(): { readonly min: number; readonly max: number | undefined } | undefined {
    if (this.#take('*')) return { min: 0, max: undefined };
    if (this.#take('+')) return { min: 1, max: undefined };
    if (this.#take('?')) return { min: 0, max: 1 };
    if (!this.#take('{')) return undefined;
    const [, least, comma, most] = /^(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#chars.slice(this.#at).join('')) ?? [];
    if (least === undefined) throw this.#wrong('"{" has no numbers; write "\\{" for the character');
    this.#at = this.#chars.indexOf('}', this.#at) + 1;
    const min = Number(least);
    return { min, max: most !== '' ? Number(most) : comma === ',' ? undefined : min };
  }

  #class(): Has {
    const is_not = this.#take('^');
    const parts: Has[] = [];
    while (!this.#take(']')) {
      if (this.#next === undefined) throw this.#wrong('"]" is missing');
      parts.push(this.#member());
    }
    return remembered((point) => parts.some((has) => has(point)) !== is_not);
  }

  #member(): Has {
    const char = this.#read();
    if (char === '\\' && /[dwsDWS]/.test(this.#next ?? '')) return this.#escaped();
    const from = char === '\\' ? this.#literal() : char;
    const is_range = this.#next === '-' && this.#chars[this.#at + 1] !== ']';
    if (!is_range) return this.#one(from);
    this.#at += 1;
    const next = this.#read();
    const to = next === '\\' ? this.#literal() : next;
    const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
    if (high < low) throw this.#wrong(`"${from}-${to}" is out of order`);
    const has: Has = (point) => point >= low && point <= high;
    return this.#any_case ? (point) => has(point) || this.#cases(point).some(has) : has;
  }

  #escaped(): Has {
    const kind = this.#next ?? '';
    const has = CLASSES[kind.toLowerCase()];
    if (has === undefined || !/[a-z]/i.test(kind)) return this.#one(this.#literal());
    this.#at += 1;
    return kind === kind.toLowerCase() ? has : (point) => !has(point);
  }

  /** The character that stands behind a backslash. */
  #literal(): string {
    const char = this.#read();
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(char)) throw this.#wrong(`"\\${char}" is not known`);
    return char;
  }

  #one(char: string): Has {
    const own = char.codePointAt(0) ?? 0;
    return this.#any_case ? (point) => point === own || this.#cases(point).includes(own) : (point) => point === own;
  }

  get #next(): string | undefined {
    return this.#chars[this.#at];
  }

  #read(): string {
    const char = this.#next;
    if (char === undefined) throw this.#wrong('it ends too early');
    this.#at += 1;
    return char;
  }

  #take(char: string): boolean {
    if (this.#next !== char) return false;
    this.#at += 1;
    return true;
  }

  #wrong(what: string): SyntaxError {
    return new SyntaxError(`${what} (at character ${this.#at + (this.#any_case ? 4 : 0)})`);
  }
}

/** Characters that are remembered of a class, and of cases; of more all are forgotten. */
const REMEMBERED_MAX = 4_096;

/** A class has many members, and each step at it asks for the same characters: its members are gone through once for each. */
function remembered<T>(of: (point: number) => T): (point: number) => T {
  const known = new Map<number, T>();
  return (point) => {
    let found = known.get(point);
    if (found === undefined) {
      found = of(point);
      if (known.size >= REMEMBERED_MAX) known.clear();
      known.set(point, found);
    }
    return found;
  };
}

function casesOf(point: number): readonly number[] {
  const char = String.fromCodePoint(point);
  return [char.toLowerCase(), char.toUpperCase()].map((one) => one.codePointAt(0) ?? 0);
}
