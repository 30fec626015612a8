import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, isRow, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

interface OwnerOptions extends OnlineOptions {
  readonly tenant?: string;
  readonly admin?: boolean;
}

/** Owner of admin keys in the paths of the admin API. */
const ADMIN_OWNER = '@admin';

const COLUMNS: readonly Column[] = [
  ['TENANT', 'tenant'],
  ['KEY', 'id'],
  ['STARTS WITH', 'display'],
  ['STATE', 'state'],
  ['SOURCE', 'source'],
];

export function addKeys(program: Command, cli: Cli): void {
  const keys = program.command('keys').description('keys of tenants and of the admin API');
  owner(online(keys.command('create')))
    .description('make a key; it is shown this once')
    .option('--id <id>', 'name of the key; a free one when absent')
    .action((options: OwnerOptions & { readonly id?: string }) => create(cli, options));
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

function owner(command: Command): Command {
  return command.option('--tenant <id>', 'tenant of the key').option('--admin', 'a key of the admin API');
}

function ownerOf({ tenant, admin }: OwnerOptions): string {
  if (tenant !== undefined && admin !== true) return tenant;
  if (tenant === undefined && admin === true) return ADMIN_OWNER;
  throw new CliError(EXIT.usage, 'say whose key it is: either --tenant <id> or --admin.');
}

function create(cli: Cli, options: OwnerOptions & { readonly id?: string }): Promise<void> {
  const tenant = ownerOf(options);
  const body = {
    ...(tenant === ADMIN_OWNER ? { admin: true } : { tenant }),
    ...(options.id === undefined ? {} : { id: options.id }),
  };
  return withAdmin(options, cli.terminal, async (api) => {
    const answer = await api.post(adminPath('keys'), body);
    const key = isRow(answer) ? answer : {};
    const whose = tenant === ADMIN_OWNER ? 'the admin API' : `tenant ${printable(tenant)}`;
    show(
      cli,
      options,
      answer,
      () =>
        `Key ${String(key['id'])} of ${whose}. It is shown only now:\n\n  ${String(key['key'])}\n\nIn a configuration file: { id: ${String(key['id'])}, hash: "${String(key['hash'])}" }\n`,
    );
  });
}

type Verb = 'revoke' | 'disable' | 'enable';

function change(keys: Command, cli: Cli, verb: Verb, description: string, done: string): void {
  owner(online(keys.command(`${verb} <id>`)))
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
