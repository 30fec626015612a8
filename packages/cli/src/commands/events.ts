import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { isRow } from '../print/table.ts';
import { printable, shown, usd } from '../print/text.ts';
import { adminPath, type Cli, online } from './context.ts';

interface EventOptions extends OnlineOptions {
  readonly types?: string;
}

/** Fields that say the same in every line, or are whole records of their own. */
const QUIET: ReadonlySet<string> = new Set(['type', 'v', 'attempts', 'usage', 'idempotency', 'sealed']);

export function addEvents(program: Command, cli: Cli): void {
  online(program.command('events'))
    .description('follow what happens in a running router, until interrupted')
    .option('--types <types>', 'only these types, separated by commas, for example call.ended,breaker.changed')
    .action((options: EventOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const query = { types: options.types };
        const { events } = await api.stream({ method: 'GET', path: adminPath('events'), query });
        for await (const { event, data } of events) {
          if (cli.terminal.out_closed) return;
          cli.terminal.out(options.json === true ? `${data}\n` : `${line(event, data)}\n`);
        }
        throw new CliError(EXIT.unreachable, 'the router has ended the stream of events.');
      }),
    );
}

function line(event: string, data: string): string {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return `${printable(event)} ${printable(data)}`;
  }
  if (!isRow(value)) return `${printable(event)} ${shown(value)}`;
  const parts = Object.entries(value)
    .filter(([key]) => !QUIET.has(key))
    .map(([key, field]) => `${printable(key)}=${key.endsWith('_usd_micros') ? usd(field) : shown(field)}`);
  return [printable(event), ...parts].join(' ');
}
