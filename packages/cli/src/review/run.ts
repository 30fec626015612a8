import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { withKey } from '../online/api.ts';
import { json } from '../print/table.ts';
import { count, printable } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';
import { askParts, type PartResult } from './ask-part.ts';
import { changesOf } from './changes.ts';
import { planOf, planText } from './dry-run.ts';
import { isAtLeast, type ReviewFinding } from './finding.ts';
import { readDiff } from './git.ts';
import { startLocalRouter } from './local-router.ts';
import { markdownReport } from './markdown-report.ts';
import { maskFiles } from './mask.ts';
import type { Format, ReviewOptions } from './options.ts';
import { type Part, partsOf } from './parts.ts';
import { type Review, reviewJson, reviewOf } from './report.ts';
import { sarifReport } from './sarif-report.ts';
import { selectFiles } from './select.ts';
import { textReport } from './text-report.ts';
import { reviewersOf, type Reviewers } from './where.ts';

/** An answer comes when all reviewers have given theirs; their policy has a deadline of its own. */
const ANSWER_TIMEOUT_MS = 900_000;

/** Reviews a diff, prints what was found, and says by the exit code whether it is grave. */
export async function review(cli: Cli, range: string | undefined, options: ReviewOptions): Promise<void> {
  const { terminal } = cli;
  const who = await reviewersOf(options, terminal);
  const diff = await readDiff(range, options.paths ?? [], terminal);
  const selected = selectFiles(await changesOf(diff), { with_secrets: !options.mask });
  const masked = maskFiles(selected.files, options.mask);
  const parts = partsOf(masked.files, { context: options.context, part_chars: who.part_chars });
  const facts = {
    ...{ range: diff.range, policy: options.policy, version: readVersion() },
    ...{ files: masked.files, left_out: selected.left_out, masked: masked.count },
  };
  const format = options.json === true ? 'json' : options.format;
  if (options.dryRun === true) {
    const plan = await planOf(who, parts, { ...facts, max_usd: options.maxUsd });
    deliver(terminal, options, format === 'text' ? planText(plan) : json(plan));
    return;
  }
  if (parts.length > options.maxParts) {
    const message = `the diff is to be asked about in ${count(parts.length, 'part')}, and --max-parts allows ${options.maxParts}: review less, with --paths or a shorter range, or allow more.`;
    throw new CliError(EXIT.usage, message);
  }
  const results = parts.length === 0 ? [] : await ask(who, parts, options, terminal);
  const result = reviewOf(facts, results, (part) => pathsOf(parts[part]));
  deliver(terminal, options, rendered(result, format));
  cli.exit(exitOf(result, options));
}

async function ask(
  who: Reviewers,
  parts: readonly Part[],
  options: ReviewOptions,
  terminal: Terminal,
): Promise<readonly PartResult[]> {
  const { policy, maxUsd: max_usd } = options;
  const lines = parts.flatMap(({ pieces }) => pieces.flatMap((piece) => piece.lines));
  const diff_loc = lines.filter(({ kind }) => kind !== 'same').length;
  const router = who.kind === 'local' ? await startLocalRouter(who.config, who.found, terminal) : undefined;
  const { url, key } = router ?? (who as Extract<Reviewers, { kind: 'online' }>);
  try {
    return await withKey({ url, key, timeout_ms: ANSWER_TIMEOUT_MS }, terminal, (api) =>
      askParts(api, parts, { policy, max_usd, diff_loc, out_tokens: who.out_tokens }),
    );
  } finally {
    await router?.stop();
  }
}

function pathsOf(part: Part | undefined): readonly string[] {
  return [...new Set(part?.pieces.map(({ file }) => file.path) ?? [])];
}

function rendered(result: Review, format: Format): string {
  switch (format) {
    case 'text':
      return textReport(result);
    case 'markdown':
      return markdownReport(result);
    case 'sarif':
      return json(sarifReport(result));
    case 'json':
      return json(reviewJson(result));
  }
}

function deliver(terminal: Terminal, { output }: ReviewOptions, text: string): void {
  if (output === undefined || output === '-') {
    terminal.out(text);
    return;
  }
  try {
    writeFileSync(resolve(terminal.cwd, output), text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(EXIT.usage, `${printable(output)} cannot be written: ${code}.`, error);
  }
}

/** Below it the evidence of a finding is false rather than true; the strategy `evidence` leaves it out, the others mark it. */
const COUNTS_FROM = 0.5;

function counts({ evidence_score }: ReviewFinding): boolean {
  return evidence_score === undefined || evidence_score >= COUNTS_FROM;
}

function exitOf({ findings, unreviewed, left_out }: Review, { failOn }: ReviewOptions): ExitCode {
  if (findings.some((one) => counts(one) && isAtLeast(one.severity, failOn))) return EXIT.failed;
  // Nobody may pass by an odd name or by sheer size.
  const is_evasive = left_out.some(({ reason }) => reason === 'name' || reason === 'large');
  return is_evasive || unreviewed.length > 0 ? EXIT.incomplete : EXIT.ok;
}
