import { count, printable, usd } from '../print/text.ts';
import { REASONS } from './select.ts';
import { placeText, provenanceWords, remarks, type Review } from './report.ts';
import type { ReviewFinding } from './finding.ts';

const QUOTED_LINES_MAX = 40;

/** For eyes. What others wrote stands behind a bar, so that no line of it is one of the report, or an order to a build log. */
export function textReport(review: Review): string {
  const { findings, files, parts, range, policy, left_out, uncertainties } = review;
  const changed = files.reduce((sum, { added, removed }) => sum + added + removed, 0);
  return [
    `${range}: ${count(files.length, 'file')}, ${count(changed, 'changed line')}, ${count(parts, 'part')}, policy ${policy} (${review.strategy || 'nobody answered'})`,
    ...(review.reviewers.length === 0 ? [] : [printable(`asked: ${review.reviewers.map(whoText).join(', ')}`)]),
    ...remarks(review).map(printable),
    ...left_out.map(({ path, reason }) => printable(`left out: ${path} (${REASONS[reason]})`)),
    '',
    ...findings.flatMap(findingLines),
    ...(uncertainties.length === 0 ? [] : ['uncertain:', ...uncertainties.map((one) => `  | ${printable(one)}`), '']),
    `${count(findings.length, 'finding')}; cost ${usd(review.cost_usd_micros)}`,
    '',
  ].join('\n');
}

function whoText({ source, model }: Review['reviewers'][number]): string {
  return model === '' ? source : `${source} (${model})`;
}

function findingLines(one: ReviewFinding): readonly string[] {
  const { severity, type, file, span, claim, proposed_fix, tests, citations } = one;
  return [
    printable(`${severity.padEnd(8)} ${type}  ${placeText(file, span?.start_line, span?.end_line)}`),
    ...barred(claim),
    printable(`  ${provenanceWords(one).join('; ')}`),
    ...citations.map(({ file: cited, start_line, end_line, verdict }) =>
      printable(`    ${placeText(cited, start_line, end_line)}  ${verdict}`),
    ),
    ...(proposed_fix === undefined ? [] : ['  fix:', ...barred(proposed_fix)]),
    ...(tests.length === 0 ? [] : ['  tests:', ...tests.flatMap(barred)]),
    '',
  ];
}

function barred(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  const shown = lines.slice(0, QUOTED_LINES_MAX).map((line) => `  | ${printable(line)}`);
  return lines.length > shown.length ? [...shown, `  (${lines.length - shown.length} more lines)`] : shown;
}
