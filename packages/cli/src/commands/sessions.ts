import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, cutRemark, rowsOf, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const COLUMNS: readonly Column[] = [
  ['TENANT', 'tenant'],
  ['SESSION', 'session_id'],
  ['KEY', 'key_id'],
  ['CONNECTED', 'connected'],
  ['ADDRESS', 'remote_address'],
  ['ENCODING', 'encoding'],
  ['SIGNED', 'signed'],
  ['STREAMS', 'streams'],
  ['RTT ms', 'rtt_ms'],
  ['HELD bytes', 'held_bytes'],
];

const HINT = '--tenant shows those of one tenant';

export function addSessions(program: Command, cli: Cli): void {
  const sessions = program.command('sessions').description('sessions of the Agent Transport Protocol');
  online(sessions.command('list'))
    .description('as they are now, at most 1000 of them; it says when there are more')
    .option('--tenant <id>', 'only those of one tenant')
    .action((options: OnlineOptions & { readonly tenant?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('sessions'), { tenant: options.tenant });
        show(cli, options, answer, () => `${table(rowsOf(answer), COLUMNS)}${cutRemark(answer, HINT)}`);
      }),
    );
  online(sessions.command('end'))
    .description('abort the streams of a session and close it')
    .argument('<tenant>', 'whose')
    .argument('<session>', 'which')
    .action((tenant: string, id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.delete(adminPath('sessions', tenant, id));
        show(cli, options, answer, () => `Session ${printable(id)} of ${printable(tenant)} has ended.\n`);
      }),
    );
}
