import { SEVERITIES } from '@atp-router/consensus';
import { count, printable, printableProse, usd } from '../print/text.ts';
import type { ReviewFinding } from './finding.ts';
import { placeText, provenanceWords, remarks, type Review } from './report.ts';
import { REASONS } from './select.ts';

/** As long as a comment on a pull request may be at the usual hosts, with room for what they add. */
const CHARS_MAX = 60_000;
const LEFT_OUT_MAX = 50;

/** For a pull request (GitHub-flavoured Markdown). What others wrote is text in it: no links, pictures, mentions, HTML. */
export function markdownReport(review: Review): string {
  const { findings, policy, range, strategy, cost_usd_micros } = review;
  const head = [
    `## Review of ${code(range)}`,
    '',
    `${count(findings.length, 'finding')} in ${count(review.files.length, 'file')}, by policy ${code(policy)} (${plain(strategy || 'nobody answered')}), ${usd(cost_usd_micros)}.`,
    '',
    ...remarks(review).flatMap((one) => [`> ${plain(one)}`, '']),
    ...(findings.length === 0 ? [] : [...table(findings), '']),
  ].join('\n');
  const tail = [...uncertain(review), ...leftOut(review)].join('\n');
  const details: string[] = [];
  let left = CHARS_MAX - head.length - tail.length;
  for (const one of findings) {
    const text = detail(one);
    left -= text.length;
    if (left < 0) break;
    details.push(text);
  }
  const cut = findings.length - details.length;
  const remark =
    cut === 0 ? [] : [`_${count(cut, 'finding')} more; the whole list is in the other forms of the report._\n`];
  return `${[head, ...details, ...remark, tail].join('\n').trimEnd()}\n`;
}

function table(findings: readonly ReviewFinding[]): readonly string[] {
  const rows = SEVERITIES.map((severity) => [severity, findings.filter((one) => one.severity === severity).length]);
  return [
    '| severity | findings |',
    '|---|---|',
    ...rows.filter(([, n]) => n !== 0).map((row) => `| ${row.join(' | ')} |`),
  ];
}

function detail(one: ReviewFinding): string {
  const { severity, type, file, span, claim, proposed_fix, tests, citations } = one;
  return [
    `### ${severity}: ${plain(type)} in ${code(placeText(file, span?.start_line, span?.end_line))}`,
    '',
    plain(claim),
    '',
    `_${plain(provenanceWords(one).join('; '))}_`,
    '',
    ...citations.map(
      (cited) => `- ${code(placeText(cited.file, cited.start_line, cited.end_line))}: ${plain(cited.verdict)}`,
    ),
    ...(citations.length === 0 ? [] : ['']),
    ...(proposed_fix === undefined ? [] : folded('Proposed fix', proposed_fix)),
    ...(tests.length === 0 ? [] : folded('Tests', tests.join('\n'))),
  ].join('\n');
}

function folded(title: string, text: string): readonly string[] {
  const shown = printableProse(text);
  const longest = Math.max(2, ...[...shown.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return [`<details><summary>${title}</summary>`, '', `${mark}text`, shown, mark, '', '</details>', ''];
}

function uncertain({ uncertainties }: Review): readonly string[] {
  if (uncertainties.length === 0) return [];
  const lines = uncertainties.map((one) => `- ${plain(one)}`);
  return ['<details><summary>Uncertain</summary>', '', ...lines, '', '</details>', ''];
}

function leftOut({ left_out }: Review): readonly string[] {
  if (left_out.length === 0) return [];
  const lines = left_out.slice(0, LEFT_OUT_MAX).map(({ path, reason }) => `- ${code(path)}: ${REASONS[reason]}`);
  const more = left_out.length > lines.length ? [`- and ${left_out.length - lines.length} more`] : [];
  return ['<details><summary>Left out</summary>', '', ...lines, ...more, '', '</details>', ''];
}

/** Text that a renderer shows as it is. Behind @ and # stands a space without width, or people and issues would be told. */
function plain(text: string): string {
  return printable(text)
    .replace(/[\\`*_{}[\]()<>#+!|~$-]/g, '\\$&')
    .replace(/@|#(?=\d)/g, '$&\u200b')
    .replace(/\b(https?|ftp|www)([:.])/gi, '$1\u200b$2');
}

function code(text: string): string {
  return `\`${printable(text).replaceAll('`', "'")}\``;
}
