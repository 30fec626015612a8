import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import { isRow } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { findConfig, sourcesOf } from '../serve/find-config.ts';
import type { Terminal } from '../terminal.ts';
import { adminPath, type Cli, online, show } from './context.ts';
import { ADMIN_OWNER, type OwnerOptions, ownerOf, withOwner } from './key-owner.ts';

interface CreateOptions extends OwnerOptions {
  readonly id?: string;
  readonly config?: string;
  readonly offline?: boolean;
}

/** As the admin API answers. */
interface CreatedKey {
  readonly id: string;
  readonly tenant: string;
  readonly key: string;
  readonly hash: string;
  readonly display: string;
}

export function addKeysCreate(keys: Command, cli: Cli): void {
  withOwner(online(keys.command('create')))
    .description('make a key; it is shown this once')
    .option('--id <id>', 'name of the key; a free one when absent')
    .option('--offline', 'write into the data directory, which no router may be using; also when none answers')
    .option('--config <file>', 'configuration of the router that is not running; atp.yaml when there is one here')
    .action(async (options: CreateOptions) => {
      const tenant = ownerOf(options);
      const key = await create(cli.terminal, tenant, options);
      show(cli, options, key, () => createdText(key));
    });
}

/** Through the running router; when there is none, and the user did not say where one is, in its data directory. */
async function create(terminal: Terminal, tenant: string, options: CreateOptions): Promise<CreatedKey> {
  if (options.offline === true) return createOffline(terminal, tenant, options);
  try {
    return await createOnline(terminal, tenant, options);
  } catch (error) {
    if (!(error instanceof CliError) || error.exit_code !== EXIT.unreachable) throw error;
    const is_named = options.url !== undefined || (terminal.env['ATP_URL'] ?? '') !== '';
    if (is_named) throw (await isHeld(terminal, options)) ? inUse(error) : error;
    if (!existsSync(await dataDir(terminal, options))) throw error;
    return await createOffline(terminal, tenant, options).catch(async (cause: unknown) => {
      const { isHeldElsewhere } = await import('@atp-router/adapters/journal');
      throw isHeldElsewhere(cause) ? inUse(error, cause) : cause;
    });
  }
}

/** Whether a process that lives has the data directory here, as far as is known. */
async function isHeld(terminal: Terminal, options: CreateOptions): Promise<boolean> {
  const { isAlive, readHolder } = await import('@atp-router/adapters/journal');
  const dir = await dataDir(terminal, options).catch(() => undefined);
  const holder = dir === undefined ? undefined : readHolder(dir);
  return holder !== undefined && isAlive(holder);
}

/** A router has the directory: it does not listen yet, or at an address that we do not know. */
function inUse(unreachable: CliError, cause: unknown = unreachable): CliError {
  const [nobody] = unreachable.message.split(' Start one with ');
  const words =
    'But a router has the data directory: it is starting, or listens elsewhere. Try again in a moment; if that does not help, ' +
    'say where it is with --url or ATP_URL.';
  return new CliError(EXIT.unreachable, `${nobody} ${words}`, cause);
}

async function createOnline(terminal: Terminal, tenant: string, options: CreateOptions): Promise<CreatedKey> {
  const owner = tenant === ADMIN_OWNER ? { admin: true } : { tenant };
  const body = { ...owner, ...(options.id === undefined ? {} : { id: options.id }) };
  const answer = await withAdmin(options, terminal, (api) => api.post(adminPath('keys'), body));
  if (isRow(answer) && typeof answer['key'] === 'string') return answer as unknown as CreatedKey;
  throw new CliError(EXIT.failed, 'the router made no key. Is it of another version?');
}

async function createOffline(terminal: Terminal, tenant: string, options: CreateOptions): Promise<CreatedKey> {
  const found = await findConfig(options.config, terminal);
  const { createKeyOffline } = await import('@atp-router/router');
  const config = { ...found.config, data_dir: await dataDir(terminal, options) };
  // A directory made here would be one that no router uses, and the key one that none knows.
  if (!existsSync(config.data_dir)) {
    const remedy = 'Name the data directory of a router with --data-dir, or start the router once: it makes its own.';
    throw new CliError(EXIT.usage, `${config.data_dir} does not exist. ${remedy}`);
  }
  const request = { tenant, by: 'atp keys create', ...(options.id === undefined ? {} : { id: options.id }) };
  const { secret, ...made } = await createKeyOffline({ config, sources: await sourcesOf(found, terminal) }, request);
  return { id: made.id, tenant, key: secret, hash: made.hash, display: made.display };
}

async function dataDir(terminal: Terminal, { dataDir: option, config }: CreateOptions): Promise<string> {
  const named = option ?? terminal.env['ATP_DATA_DIR'];
  if (named !== undefined && named !== '') return resolve(terminal.cwd, named);
  return (await findConfig(config, terminal)).config.data_dir;
}

function createdText({ id, tenant, key, hash }: CreatedKey): string {
  const whose = tenant === ADMIN_OWNER ? 'the admin API' : `tenant ${printable(tenant)}`;
  return [
    `Key ${printable(id)} of ${whose}. It is shown only now:`,
    '',
    `  ${printable(key)}`,
    '',
    `In a configuration file: { id: ${printable(id)}, hash: "${printable(hash)}" }`,
    '',
  ].join('\n');
}
