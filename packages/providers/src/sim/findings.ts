import { clip, type JsonObject, type Rng } from '@atp-router/kernel';
import { drawsFor, hashText, pick } from './draw.ts';
import { SIM_PREFIX } from './words.ts';

/** What a prompt that wants findings gives to be read; more of it is not looked at. */
const DOCUMENTS_MAX = 64;
const LINES_MAX = 20_000;
const QUOTE_CHARS = 160;

/** A line of a document that the prompt gives, by its number there. */
interface Cited {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const KINDS: readonly (readonly [type: string, severity: string, claim: string])[] = [
  ['bug', 'high', 'For an empty input this line does something else than for any other.'],
  ['error_handling', 'medium', 'What fails here is lost, and the caller goes on as if nothing had happened.'],
  ['performance', 'low', 'This work is done again for each item, and could be done once.'],
  ['test_gap', 'medium', 'No test would notice if this line did something else.'],
  ['maintainability', 'low', 'The name says something else than what stands here.'],
];

/**
 * Findings on documents of a prompt that asks for such, in the form that reviews want; undefined where it does not ask. They are
 * made up, and say so. One rests on the prompt alone, so that all who are asked the same have it in common; whoever is
 * `correct` cites what is there, and whoever is not says of one that it is there.
 */
export function findingsFor(prompt: string, correct: boolean, rng: Rng): JsonObject | undefined {
  if (!prompt.includes('"findings"')) return undefined;
  const lines = citedLines(prompt);
  if (lines === undefined) return undefined;
  const shared = findingOn(lines, drawsFor(hashText(prompt), 'finding'), true);
  const own = findingOn(lines, rng, correct);
  return { findings: rng.next() < 0.5 ? [...shared, ...own] : own };
}

function findingOn(lines: readonly Cited[], rng: Rng, correct: boolean): JsonObject[] {
  const [first] = lines;
  if (first === undefined) return [];
  const { file, line, text } = pick(rng, lines, first);
  const [type, severity, claim] = pick(rng, KINDS, ['other', 'info', 'Something is wrong here.']);
  const span = { start_line: line, end_line: line };
  return [
    {
      ...{ type, severity, file, span, claim: `${SIM_PREFIX}${claim}` },
      evidence: [{ file, span, quote: correct ? text : `${SIM_PREFIX}nothing like this stands there` }],
      proposed_fix: `${SIM_PREFIX}There is none: nobody has read the change.`,
      confidence: Math.round(50 + rng.next() * 45) / 100,
    },
  ];
}

/** A fence that a title introduces, as prompts give files to be cited. */
const OPEN = /^(`{3,16})[^`"]{0,64}title="([^"]{1,1024})"(?: first_line=(\d{1,7}))?/;

/** Lines that can be cited, of all documents; undefined: the prompt gives none to be read. */
function citedLines(prompt: string): readonly Cited[] | undefined {
  const cited: Cited[] = [];
  let open: { readonly mark: string; readonly file: string; line: number } | undefined;
  let documents = 0;
  for (const text of prompt.split('\n', LINES_MAX)) {
    if (open === undefined) {
      const [, mark, file, first] = (documents < DOCUMENTS_MAX && OPEN.exec(text)) || [];
      if (mark === undefined || file === undefined) continue;
      documents += 1;
      open = { mark, file, line: Number(first ?? 1) };
    } else if (text.startsWith(open.mark)) open = undefined;
    else {
      const quote = clip(text.trim(), QUOTE_CHARS);
      if (/[\p{L}\p{N}]/u.test(quote)) cited.push({ file: open.file, line: open.line, text: quote });
      open.line += 1;
    }
  }
  return documents === 0 ? undefined : cited;
}
