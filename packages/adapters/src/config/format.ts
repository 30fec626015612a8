import { type Excerpter, excerpter } from './excerpt.ts';
import type { ConfigWarning, Problem } from './problem.ts';

export interface FormatOptions {
  /** Name of the file as the user gave it. */
  readonly file: string;
  /** Text of the file, for excerpts. Absent: none are shown. */
  readonly text?: string;
  /** ANSI colours. Default false. */
  readonly color?: boolean;
}

/** The `--json` form of a check. */
export interface CheckReport {
  readonly ok: boolean;
  readonly file: string;
  readonly problems: readonly Problem[];
  /** Absent when there are none. They are no reason not to start. */
  readonly warnings?: readonly ConfigWarning[];
}

export function checkReport(
  file: string,
  problems: readonly Problem[],
  warnings: readonly ConfigWarning[] = [],
): CheckReport {
  return { ok: problems.length === 0, file, problems, ...(warnings.length > 0 && { warnings }) };
}

/**
 * Problems for people: `file:line:column`, path, message, the line with a caret, what is expected and what was likely
 * meant. Excerpts blank whatever could be a secret (see `excerpter`).
 */
export function formatProblems(problems: readonly Problem[], options: FormatOptions): string {
  const excerpt = options.text === undefined ? undefined : excerpter(options.text);
  const blocks = problems.map((problem) => block(problem, options, excerpt));
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${options.file}`;
  return `${[...blocks, count].join('\n\n')}\n`;
}

function block(problem: Problem, options: FormatOptions, makeExcerpt: Excerpter | undefined): string {
  const paint = painter(options.color === true);
  const where = `${options.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : ` ${problem.path}:`;
  const lines = [`${paint('1', where)}:${path} ${paint('31', problem.message)}`];
  const excerpt = makeExcerpt?.(problem);
  if (excerpt !== undefined) {
    const margin = `${problem.line} | `;
    lines.push(
      `  ${margin}${excerpt.line}`,
      `  ${' '.repeat(margin.length - 2)}| ${' '.repeat(excerpt.caret)}${paint('31', '^')}`,
    );
  }
  lines.push(`  expected: ${problem.expected}`);
  if (problem.got !== undefined) lines.push(`  got: ${problem.got}`);
  if (problem.suggestion !== undefined) lines.push(`  ${paint('32', `did you mean: ${problem.suggestion}`)}`);
  return lines.join('\n');
}

function painter(color: boolean): (code: string, text: string) => string {
  return color ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_code, text) => text;
}
