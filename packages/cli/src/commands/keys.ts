import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';
import { type OwnerOptions, ownerOf, withOwner } from './key-owner.ts';
import { addKeysCreate } from './keys-create.ts';

const COLUMNS: readonly Column[] = [
  ['TENANT', 'tenant'],
  ['KEY', 'id'],
  ['STARTS WITH', 'display'],
  ['STATE', 'state'],
  ['SOURCE', 'source'],
];

export function addKeys(program: Command, cli: Cli): void {
  const keys = program.command('keys').description('keys of tenants and of the admin API');
  addKeysCreate(keys, cli);
  online(keys.command('list'))
    .description('list keys')
    .option('--tenant <id>', 'only those of this tenant')
    .action((options: OnlineOptions & { readonly tenant?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const data = await api.list(adminPath('keys'), { tenant: options.tenant });
        show(cli, options, { data }, () => table(data, COLUMNS));
      }),
    );
  change(keys, cli, 'revoke', 'refuse a key for ever', 'revoked');
  change(keys, cli, 'disable', 'refuse a key until it is enabled', 'disabled');
  change(keys, cli, 'enable', 'accept a disabled key again', 'enabled');
}

type Verb = 'revoke' | 'disable' | 'enable';

function change(keys: Command, cli: Cli, verb: Verb, description: string, done: string): void {
  withOwner(online(keys.command(`${verb} <id>`)))
    .description(description)
    .action((id: string, options: OwnerOptions) => {
      const tenant = ownerOf(options);
      return withAdmin(options, cli.terminal, async (api) => {
        const answer =
          verb === 'revoke'
            ? await api.delete(adminPath('keys', tenant, id))
            : await api.post(adminPath('keys', tenant, id, verb));
        show(cli, options, answer, () => `${printable(tenant)}/${printable(id)} is ${done}.\n`);
      });
    });
}
