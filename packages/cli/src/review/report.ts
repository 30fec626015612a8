import type { PartResult } from './ask-part.ts';
import type { FileChange } from './diff.ts';
import { joined, type ReviewFinding } from './finding.ts';
import { READY_POLICIES } from './personas.ts';
import type { LeftOut } from './select.ts';

/** All that a review has to tell, whatever the form. */
export interface Review {
  readonly range: string;
  readonly policy: string;
  readonly strategy: string;
  readonly version: string;
  readonly files: readonly FileChange[];
  readonly left_out: readonly LeftOut[];
  readonly masked: number;
  readonly findings: readonly ReviewFinding[];
  /** Of each part that was not reviewed: which, and why. */
  readonly unreviewed: readonly { readonly part: number; readonly files: readonly string[]; readonly why: string }[];
  readonly parts: number;
  readonly uncertainties: readonly string[];
  /** Who was asked, and which model answered, each once. */
  readonly reviewers: readonly { readonly source: string; readonly model: string }[];
  readonly cost_usd_micros: number;
  readonly simulated: boolean;
}

const READY = READY_POLICIES.map(({ id }) => id).join(', ');
const UNREAD = 'nobody answered with findings that can be read';
const ALONE = `one agent alone has answered: the policy is a chain, or nobody of its fan-out could be asked. A review needs a policy with a "fanout"; ready ones are ${READY}`;
const UNCERTAINTIES_MAX = 200;

/** What the results of all parts are together. */
export function reviewOf(
  facts: Pick<Review, 'range' | 'policy' | 'version' | 'files' | 'left_out' | 'masked'>,
  results: readonly PartResult[],
  filesOf: (part: number) => readonly string[],
): Review {
  const answered = results.filter((one) => one.kind !== 'failed');
  const paths = facts.files.map(({ path }) => path);
  const found = results.flatMap((one) =>
    one.kind === 'reviewed' ? [one.findings.map((finding) => ({ ...finding, file: pathOf(finding.file, paths) }))] : [],
  );
  const reviewers = new Map<string, { readonly source: string; readonly model: string }>();
  for (const { source, model } of answered.flatMap(({ lanes }) => lanes)) {
    if (!reviewers.has(`${source}\0${model}`)) reviewers.set(`${source}\0${model}`, { source, model });
  }
  return {
    ...facts,
    strategy: strategyOf(answered),
    findings: joined(found),
    unreviewed: results.flatMap((one, i) =>
      one.kind === 'reviewed' ? [] : [{ part: i + 1, files: filesOf(i), why: whyNot(one) }],
    ),
    parts: results.length,
    uncertainties: [...new Set(answered.flatMap(({ uncertainties }) => uncertainties))].slice(0, UNCERTAINTIES_MAX),
    reviewers: [...reviewers.values()],
    cost_usd_micros: answered.reduce((sum, one) => sum + one.cost_usd_micros, 0),
    simulated: answered.some((one) => one.simulated),
  };
}

function whyNot(one: Exclude<PartResult, { kind: 'reviewed' }>): string {
  if (one.kind === 'failed') return one.why;
  return one.kind === 'alone' ? ALONE : UNREAD;
}

/** How the answers became one, or why there is nothing to be said of it. */
function strategyOf(answered: readonly Exclude<PartResult, { kind: 'failed' }>[]): string {
  const strategies = new Set(answered.map(({ kind, strategy }) => (kind === 'alone' ? 'one agent alone' : strategy)));
  return [...strategies].join(', ');
}

/** The changed file that a name means: the one of that name, else the only one that ends with it, as citations are read. */
function pathOf(name: string, paths: readonly string[]): string {
  if (name === '' || paths.includes(name)) return name;
  const ends = paths.filter((path) => path.endsWith(`/${name}`) || name.endsWith(`/${path}`));
  return ends.length === 1 ? (ends[0] ?? name) : name;
}

/** As JSON, for programs; a new field is no change of its version. */
export function reviewJson(review: Review): object {
  const { files, findings, ...rest } = review;
  return {
    version: 1,
    tool_version: review.version,
    ...{ range: rest.range, policy: rest.policy, strategy: rest.strategy, simulated: rest.simulated },
    files: files.map(({ path, old_path, status, added, removed }) => ({
      ...{ path, old_path: old_path ?? null, status, added, removed },
    })),
    left_out: rest.left_out,
    masked: rest.masked,
    parts: rest.parts,
    unreviewed: rest.unreviewed,
    reviewers: rest.reviewers,
    findings,
    uncertainties: rest.uncertainties,
    cost_usd_micros: rest.cost_usd_micros,
  };
}

/** `src/a.ts:3-4`, `src/a.ts:3`, `src/a.ts`. */
export function placeText(file: string, start_line: number | undefined, end_line: number | undefined): string {
  const name = file === '' ? '(no file)' : file;
  if (start_line === undefined) return name;
  return end_line === undefined || end_line === start_line
    ? `${name}:${start_line}`
    : `${name}:${start_line}-${end_line}`;
}

/** `security, correctness (2 of 5)`, `agreement 0.40`, `confidence 0.80`, `evidence 1.00`. */
export function provenanceWords(one: ReviewFinding): readonly string[] {
  const two = (value: number): string => value.toFixed(2);
  return [
    `found by ${one.found_by.join(', ') || 'nobody who is named'}`,
    ...(one.agreement === undefined ? [] : [`agreement ${two(one.agreement)}`]),
    ...(one.confidence === undefined ? [] : [`confidence ${two(one.confidence)}`]),
    one.evidence_score === undefined ? 'evidence not checked' : `evidence ${two(one.evidence_score)}`,
    ...(one.is_false ? ['CITES WHAT IS NOT THERE'] : []),
  ];
}

/** In words, one each: what a reader has to know of what was not reviewed. */
export function remarks(review: Review): readonly string[] {
  const { masked, simulated, unreviewed } = review;
  return [
    ...(simulated ? ['SIMULATED: the answers are invented.'] : []),
    ...(masked > 0
      ? [`masked, because they looked like secrets: ${masked} ${masked === 1 ? 'place' : 'places'}.`]
      : []),
    ...unreviewed.map(({ part, files, why }) => `part ${part} was not reviewed (${files.join(', ')}): ${why}`),
  ];
}
