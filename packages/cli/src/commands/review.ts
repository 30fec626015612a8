import type { Severity } from '@atp-router/consensus';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Format, ReviewOptions } from '../review/options.ts';
import { type Cli, integer } from './context.ts';

/** Spelled out, so that `atp version` loads nothing; the compiler holds them to these. */
const SEVERITIES = Object.keys({ critical: 0, high: 0, medium: 0, low: 0, info: 0 } satisfies Record<Severity, 0>);
const FORMATS = Object.keys({ text: 0, markdown: 0, sarif: 0, json: 0 } satisfies Record<Format, 0>);
const CONTEXT_LINES_MAX = 1_000;
const PARTS_MAX = 500;
const USD_MAX = 1_000_000;
const MODELS_MAX = 16;

export function addReview(program: Command, cli: Cli): void {
  program
    .command('review [range]')
    .description(
      'have several reviewers read a git diff (A..B, A...B, a commit; without a range the working tree against HEAD); exit 1 on findings',
    )
    .option('--policy <id>', 'policy of the router, or a ready one: review, review-union, review-two-phase', 'review')
    .option('--config <file>', 'start a router for the review, with this file (default atp.yaml, else what is found)')
    .option('--url <url>', 'ask a running router instead (ATP_URL)')
    .option('--key <key>', 'key of a tenant of it (ATP_API_KEY)')
    .option('--models <list>', 'who answers in a ready policy: models with commas between', models)
    .option('--simulated', 'have simulated models answer, who invent what they say')
    .addOption(new Option('--format <form>', 'form of the report').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .option('--output <file>', 'where the report goes, instead of standard output')
    .addOption(
      new Option('--fail-on <severity>', 'exit 1 when a finding is at least so grave')
        .choices([...SEVERITIES, 'none'])
        .default('high'),
    )
    .option('--max-usd <n>', 'most that the review may cost, in US dollars', dollars)
    .option('--context <lines>', 'unchanged lines around each change', integer(0, CONTEXT_LINES_MAX), 8)
    .option('--max-parts <n>', 'most parts that a diff is asked about in', integer(1, PARTS_MAX), 32)
    .option('--paths <pathspec...>', 'only these files, as git takes them')
    .option('--no-mask', 'send what looks like a secret, and files that hold keys, too')
    .option('--dry-run', 'say what would be asked, and what it may cost; nothing is sent')
    .action(async (range: string | undefined, options: ReviewOptions) =>
      (await import('../review/run.ts')).review(cli, range, options),
    );
}

function dollars(text: string): number {
  const value = Number(text);
  if (/^\d{0,7}(?:\.\d{1,6})?$/.test(text) && value > 0 && value <= USD_MAX) return value;
  throw new InvalidArgumentError(
    'It must be an amount of US dollars above 0, with at most six digits behind the point.',
  );
}

function models(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('') && names.length <= MODELS_MAX) return names;
  throw new InvalidArgumentError(`It must be up to ${MODELS_MAX} names of models with commas between.`);
}
