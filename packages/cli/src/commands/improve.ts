import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, type Row, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { type Cli, online, show } from './context.ts';

const STEPS: readonly Column[] = [
  ['STEP', 'id'],
  ['KIND', 'kind'],
  ['', 'does'],
  ['WHY', 'why'],
  ['', (row) => factsText(row['facts'])],
];

/** Adds `improve`: from what was observed to a model that is tried. */
export function addImprove(program: Command, cli: Cli): void {
  const improve = program.command('improve').description('from what was observed to a model that is tried');
  online(improve.command('plan <file>'))
    .description('what a run of this pipeline would do, why, and on how many observations')
    .action(async (file: string, options: OnlineOptions) => {
      const { openImprovement, plan } = await import('../improve/run.ts');
      const improvement = await openImprovement(file, cli.terminal);
      await withAdmin(options, cli.terminal, async (api) => {
        const steps = await plan(improvement, api);
        show(cli, options, { steps }, () => table(steps.map(rowOf), STEPS));
      });
    });
  online(improve.command('run <file>'))
    .description('do what has changed of this pipeline; what it trains is registered as a shadow')
    .action(async (file: string, options: OnlineOptions) => {
      const { openImprovement, run } = await import('../improve/run.ts');
      const improvement = await openImprovement(file, cli.terminal);
      const steps: Row[] = [];
      await withAdmin(options, cli.terminal, (api) =>
        run(improvement, api, cli.terminal, (step) => {
          steps.push(rowOf(step));
          if (options.json !== true) cli.terminal.err(`${step.id}: ${step.does}, ${step.why}\n`);
        }),
      );
      show(cli, options, { steps }, () => table(steps, STEPS));
    });
}

function rowOf(step: object): Row {
  return { ...step };
}

/** Facts that are a word or a number. */
function factsText(facts: unknown): string {
  if (!isRow(facts)) return '';
  const manifest = isRow(facts['manifest']) ? { examples: facts['manifest']['examples'] } : {};
  return Object.entries({ ...manifest, ...facts })
    .flatMap(([name, value]) => (typeof value === 'number' || typeof value === 'string' ? [`${name} ${value}`] : []))
    .map((text) => printable(text))
    .join(', ');
}
