import type { YAMLError } from 'yaml';

/** A place where the text is not YAML. */
export interface SyntaxFault {
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
  readonly suggestion?: string;
}

const INDENTED = 'entries of one mapping or list in the same column';

// The library's own messages may quote the text, which may be a secret; so each code has words of its own.
const WORDS: Readonly<Record<string, readonly [message: string, expected: string]>> = {
  ALIAS_PROPS: ['an alias carries an anchor or tag', 'a plain alias such as *name'],
  BAD_ALIAS: ['an alias names no anchor above it', 'an anchor (&name) before its alias (*name)'],
  BAD_COLLECTION_TYPE: ['a tag does not fit the value', 'a value without tag'],
  BAD_DIRECTIVE: ['a % directive is not understood', 'no directives'],
  BAD_DQ_ESCAPE: ['an escape in a double-quoted string is not valid', 'escapes such as \\n, \\" or \\u00e9'],
  BAD_INDENT: ['the indentation is wrong', INDENTED],
  BAD_PROP_ORDER: ['an anchor or tag stands in the wrong place', 'anchors and tags before the value'],
  BAD_SCALAR_START: ['a plain value starts with a reserved character', 'quotes around the value'],
  BLOCK_AS_IMPLICIT_KEY: ['a second ": " stands on one line', 'one key on a line, or quotes around the value'],
  BLOCK_IN_FLOW: ['a block value stands inside { } or [ ]', 'quotes, or { } and [ ] inside'],
  DUPLICATE_KEY: ['a key stands twice in one mapping', 'each key once'],
  KEY_OVER_1024_CHARS: ['a key is longer than 1024 characters', 'a shorter key'],
  MISSING_CHAR: ['a quote, bracket, brace or comma is missing', 'closed quotes and brackets, commas between entries'],
  MULTILINE_IMPLICIT_KEY: ['a key spans several lines', 'a key and its ":" on one line'],
  MULTIPLE_ANCHORS: ['a value has several anchors', 'one anchor'],
  MULTIPLE_DOCS: ['the file holds several documents', 'one document, without a second "---"'],
  MULTIPLE_TAGS: ['a value has several tags', 'a value without tag'],
  NON_STRING_KEY: ['a key is not a plain word', 'keys that are plain words'],
  RESOURCE_EXHAUSTION: ['the file is nested too deep', 'fewer levels'],
  TAB_AS_INDENT: ['a tab is used for indentation', 'spaces'],
  TAG_RESOLVE_FAILED: ['a tag (!…) is not understood', 'a value without tag'],
  UNEXPECTED_TOKEN: ['this is not valid YAML here', 'a "key: value" line, or quotes around the value'],
};

type Words = readonly [message: string, expected: string];

/** Codes that stand for several slips, told apart by the fixed part of the library's message. */
const SLIPS: readonly (readonly [message: RegExp, words: Words])[] = [
  [/^Sequence item without - indicator/, ['the indentation is wrong', INDENTED]],
  [/^Implicit map keys need to be followed by/, ['a line has no ":"', 'a "key: value" line']],
  [
    /^Flow (map|sequence)\b.* must .*end with a/,
    ['a "{" or "[" is not closed', 'a "}" or "]", indented deeper than the key it belongs to'],
  ],
];

function wordsFor({ code, message, pos }: YAMLError, text: string): Words {
  const slip = SLIPS.find(([pattern]) => pattern.test(message));
  if (slip !== undefined) return slip[1];
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && !hasColonOnLine(text, pos[0])) {
    return ['the line below this one is indented too deep', INDENTED];
  }
  return WORDS[code] ?? ['the YAML is not valid', 'valid YAML 1.2'];
}

function hasColonOnLine(text: string, offset: number): boolean {
  const newline = text.indexOf('\n', offset);
  return /:(\s|$)/.test(text.slice(offset, newline === -1 ? undefined : newline));
}

/**
 * The faults of the YAML parser in words that quote nothing from the file, the first of each line: the parser reports
 * many for one slip. An unquoted `${NAME}` inside { } is by far the most frequent slip, and everything after it is
 * misread; so when there is one, only such places are reported, all of them.
 */
export function describeSyntax(faults: readonly YAMLError[], text: string): SyntaxFault[] {
  if (faults.length === 0) return [];
  const references = unquotedReferences(text);
  if (references.length > 0) return references;
  const lines = new Set<number>();
  return faults.flatMap((fault) => {
    const [message, expected] = wordsFor(fault, text);
    const offset = fault.pos[0];
    const line = text.lastIndexOf('\n', Math.max(0, offset - 1));
    if (lines.has(line)) return [];
    lines.add(line);
    return [{ offset, message, expected }];
  });
}

const LINE_CHARS_MAX = 2_000;

/** `{ key: ${NAME}` and `[ ${NAME}`, where the braces of the reference are YAML's own. */
function unquotedReferences(text: string): SyntaxFault[] {
  const found: SyntaxFault[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const at = line.length > LINE_CHARS_MAX ? -1 : line.search(/(?<=^[^#]*[{[][^#]*[:,[{]\s*)\$\{[\w:./-]*\}/);
    if (at !== -1) {
      found.push({
        offset: start + at,
        message: '"${…}" is not in quotes',
        expected: 'quotes around "${…}" inside { } and [ ], where its braces would be read as YAML',
      });
    }
    start += line.length + 1;
  }
  return found;
}
