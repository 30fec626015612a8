import { resolve } from 'node:path';
import { checkReport, formatProblems, loadConfig, policyWarnings } from '@atp-router/adapters/config';
import { PolicyView } from '@atp-router/router';
import { type Cli, show } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { count, printable } from '../print/text.ts';
import { wantsColor } from '../terminal.ts';

export interface LintOptions {
  readonly config?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** Faults of the whole file, since a policy is of no use in one that does not start, and warnings of its policies. */
export function lintPolicies(cli: Cli, options: LintOptions): void {
  const { terminal } = cli;
  const file = options.config ?? 'atp.yaml';
  const result = loadConfig(resolve(terminal.cwd, file), terminal.env, { listens: false });
  const problems = result.ok ? [] : result.problems;
  const warnings = result.ok ? policyWarnings(result.config) : [];
  // What only shows when it is put together is thrown here.
  if (result.ok) void new PolicyView(result.config);
  show(cli, options, checkReport(file, problems, warnings), () => {
    if (!result.ok) {
      const color = wantsColor(terminal, terminal.out_is_tty);
      return formatProblems(problems, { file, color, ...(result.text === '' ? {} : { text: result.text }) });
    }
    const { policies, personas } = result.config;
    const parts = [count(policies.length, 'policy', 'policies'), count(personas.length, 'persona')];
    const told = warnings.map(({ path, message }) => `warning: ${path}: ${printable(message)}.\n`);
    return `${told.join('')}${file}: ${parts.join(', ')}, ${count(warnings.length, 'warning')}.\n`;
  });
  if (!result.ok || (options.strict === true && warnings.length > 0)) cli.exit(EXIT.failed);
}
