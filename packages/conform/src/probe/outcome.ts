/** The sentence does not hold. Both texts are for people, and hold no secret. */
export class Failed extends Error {
  readonly expected: string;
  readonly seen: string;

  constructor(expected: string, seen: string) {
    super(`expected ${expected}, seen ${seen}`);
    this.name = 'Failed';
    this.expected = expected;
    this.seen = seen;
  }
}

/** The sentence cannot be judged with this server, or not in this run. */
export class Skipped extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Skipped';
  }
}

export function assert(is_true: boolean, expected: string, seen: string | (() => string)): asserts is_true {
  if (is_true) return;
  // What a broken server leaves out has no text.
  throw new Failed(expected, String(typeof seen === 'function' ? seen() : seen));
}

export function skipUnless(is_true: boolean, reason: string): asserts is_true {
  if (!is_true) throw new Skipped(reason);
}
