import { type Command, Option } from 'commander';
import type { ExplainOptions } from '../policy/explain.ts';
import type { LintOptions } from '../policy/lint.ts';
import type { SimulateOptions } from '../policy/simulate.ts';
import { type Cli, integer } from './context.ts';

const TOKENS_MAX = 10_000_000;
const CONFIG = 'configuration file (default atp.yaml, else what the environment offers)';

export function addPolicy(program: Command, cli: Cli): void {
  const policy = program.command('policy').description('policies of a configuration file: check, explain and try them');
  policy
    .command('lint')
    .description(
      'report faults of a file, and what of its policies never applies, never happens or changes nothing; exit 1 on faults',
    )
    .option('--config <file>', 'configuration file (default atp.yaml)')
    .option('--strict', 'exit 1 on warnings, too')
    .option('--json', 'as JSON')
    .action(async (options: LintOptions) => (await import('../policy/lint.ts')).lintPolicies(cli, options));
  policy
    .command('explain')
    .description('which policy a request comes under, why no other, and what it then does; nothing is sent')
    .option('--config <file>', CONFIG)
    .option('--policy <id>', 'only this policy, whether it would be asked or not')
    .option('--facts <text>', 'as in x-atp-facts: "diff_loc=180; risk=high; languages=ts,go"')
    .option('--task-type <name>', 'as in x-atp-task-type')
    .addOption(new Option('--qos <tier>', 'as in x-atp-qos').choices(['gold', 'silver', 'bronze']))
    .option('--data-scope <names>', 'as in x-atp-data-scope')
    .option('--tenant <id>', 'whose request it is; may be left out when there is only one')
    .option('--key <id>', 'key of the tenant, when it has fewer rights')
    .option('--model <name>', 'model, agent, persona:<id>, policy:<id> or auto', 'auto')
    .option('--in-tokens <n>', 'length of the prompt (default 1000)', integer(0, TOKENS_MAX))
    .option('--out-tokens <n>', 'length of an answer (default 500)', integer(0, TOKENS_MAX))
    .option('--json', 'as JSON')
    .action(async (options: ExplainOptions) => (await import('../policy/explain.ts')).explainPolicy(cli, options));
  policy
    .command('simulate')
    .description('how many of recorded requests come under which policy, and what they would ask and cost')
    .option('--config <file>', CONFIG)
    .requiredOption('--requests <file>', 'one JSON object a line, - for standard input')
    .option('--json', 'as JSON')
    .action(async (options: SimulateOptions) => (await import('../policy/simulate.ts')).simulatePolicies(cli, options));
}
