import { resolve } from 'node:path';
import type { Problem } from '@atp-router/adapters/config';
import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { fields, isRow, json, type Row, rowsOf } from '../print/table.ts';
import { count, printable, shown } from '../print/text.ts';
import { wantsColor } from '../terminal.ts';
import { adminPath, type Cli, online, show } from './context.ts';

interface CheckOptions {
  readonly json?: boolean;
}

export function addConfig(program: Command, cli: Cli): void {
  const config = program.command('config').description('the configuration file, and the one in force');
  config
    .command('check [file]')
    .description('report every fault of a file (default atp.yaml) with its place; exit 1 when there are any')
    .option('--json', 'as JSON')
    .action((file: string | undefined, options: CheckOptions) => check(cli, file ?? 'atp.yaml', options));
  config
    .command('schema')
    .description('JSON Schema of the file, for editors')
    .option('--json', 'as it is anyway')
    .action(async () => {
      const { configJsonSchema } = await import('@atp-router/adapters/config');
      cli.terminal.out(json(configJsonSchema()));
    });
  online(config.command('show'))
    .description('the configuration in force in a running router, without secrets')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('config'));
        show(cli, options, answer, () => fields(answer));
      }),
    );
  online(config.command('reload'))
    .description('make a running router read its file again; a file with faults changes nothing')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.post(adminPath('config', 'reload'));
        const { formatProblems } = await import('@atp-router/adapters/config');
        show(cli, options, answer, () => reloadText(answer, formatProblems));
        if (isRow(answer) && answer['result'] === 'rejected') cli.exit(EXIT.failed);
      }),
    );
}

async function check(cli: Cli, file: string, options: CheckOptions): Promise<void> {
  const { terminal } = cli;
  const { checkReport, configWarnings, formatProblems, loadConfig } = await import('@atp-router/adapters/config');
  const result = loadConfig(resolve(terminal.cwd, file), terminal.env);
  const problems = result.ok ? [] : result.problems;
  const warnings = result.ok ? configWarnings(result.config, Date.now()) : [];
  show(cli, options, checkReport(file, problems, warnings), () => {
    if (!result.ok) {
      const color = wantsColor(terminal, terminal.out_is_tty);
      return formatProblems(problems, { file, color, ...excerptOf(result.text) });
    }
    const { providers, models, agents, policies, tenants } = result.config;
    const parts = [
      count(providers.length, 'provider'),
      count(models.length, 'model'),
      count(agents.length, 'agent'),
      count(policies.length, 'policy', 'policies'),
      count(tenants.length, 'tenant'),
    ];
    const warned = warnings.map(({ path, message }) => `warning: ${path}: ${printable(message)}.\n`);
    return `${file} is valid: ${parts.join(', ')}.\n${warned.join('')}`;
  });
  if (!result.ok) cli.exit(EXIT.failed);
}

/** Without a file there is nothing to show a piece of. */
function excerptOf(text: string): { readonly text?: string } {
  return text === '' ? {} : { text };
}

type Format = typeof import('@atp-router/adapters/config')['formatProblems'];

/** As `config check` has it, but for the excerpts: the file is where the router runs. */
function reloadText(answer: unknown, formatProblems: Format): string {
  if (!isRow(answer)) return '-\n';
  const problems = rowsOf(answer['problems']).map(problemOf);
  const file = typeof answer['file'] === 'string' ? printable(answer['file']) : 'the configuration file';
  const text = problems.length === 0 ? '' : `${formatProblems(problems, { file })}\n`;
  return `${text}${shown(answer['result'])}\n`;
}

function problemOf(row: Row): Problem {
  const word = (key: string): string => printable(String(row[key] ?? ''));
  const { got, suggestion } = row;
  return {
    line: Number(row['line']),
    column: Number(row['column']),
    path: word('path'),
    message: word('message'),
    expected: word('expected'),
    ...(got === undefined ? {} : { got: word('got') }),
    ...(suggestion === undefined ? {} : { suggestion: word('suggestion') }),
  };
}
