import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { type Api, withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, fields, isRow, type Row, table } from '../print/table.ts';
import { printable } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';
import { readText } from '../read-file.ts';
import { adminPath, type Cli, online, show } from './context.ts';

interface Kind {
  /** Also its name in the paths of the admin API. */
  readonly plural: 'tenants' | 'models' | 'providers';
  readonly one: string;
  /** Of its list; absent: there is more to list than this, which is done elsewhere. */
  readonly columns?: readonly Column[];
}

const TENANTS: Kind = {
  plural: 'tenants',
  one: 'tenant',
  columns: [
    ['TENANT', 'id'],
    ['QOS MAX', 'qos_max'],
    ['AT LIMIT', 'at_limit'],
    ['BUDGET', 'budget'],
    ['SOURCE', 'source'],
  ],
};

const MODELS: Kind = {
  plural: 'models',
  one: 'model',
};

const PROVIDERS: Kind = {
  plural: 'providers',
  one: 'provider',
  columns: [
    ['PROVIDER', 'id'],
    ['TYPE', 'type'],
    ['ADDRESS', 'base_url'],
    ['SOURCE', 'source'],
  ],
};

/** Adds `tenants`, `models` and `providers`, which are handled alike. */
export function addEntities(program: Command, cli: Cli): { readonly providers: Command; readonly models: Command } {
  addKind(program, cli, TENANTS);
  const models = addKind(program, cli, MODELS);
  return { models, providers: addKind(program, cli, PROVIDERS) };
}

function addKind(program: Command, cli: Cli, kind: Kind): Command {
  const { plural, one } = kind;
  const group = program.command(plural).description(`${plural} of a running router`);
  const { columns } = kind;
  if (columns !== undefined) addList(group, cli, plural, columns);
  online(group.command('get <id>'))
    .description(`show one ${one}`)
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath(plural, id));
        show(cli, options, answer, () => fields(answer));
      }),
    );
  online(group.command('put <file>'))
    .description(`make or replace the ${one} in a YAML or JSON file (- for standard input); a list makes several`)
    .action(async (file: string, options: OnlineOptions) => {
      const entries = await readEntries(file, cli.terminal);
      await withAdmin(options, cli.terminal, (api) => putAll(cli, api, kind, entries, options));
    });
  online(group.command('delete <id>'))
    .description(`delete a ${one} that was made through the admin API`)
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.delete(adminPath(plural, id));
        show(cli, options, answer, () => `${one} ${printable(id)} is deleted.\n`);
      }),
    );
  return group;
}

function addList(group: Command, cli: Cli, plural: string, columns: readonly Column[]): void {
  online(group.command('list'))
    .description(`list the ${plural} of the file and of the admin API`)
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const data = await api.list(adminPath(plural));
        show(cli, options, { data }, () => table(data, columns));
      }),
    );
}

/** One after the other; the first that is refused ends it, and those before it stay. */
async function putAll(
  cli: Cli,
  api: Api,
  { plural, one }: Kind,
  entries: readonly Row[],
  options: OnlineOptions,
): Promise<void> {
  for (const entry of entries) {
    const id = entry['id'];
    if (typeof id !== 'string') throw new CliError(EXIT.usage, `the ${one} in the file has no "id".`);
    const answer = await api.put(adminPath(plural, id), entry);
    show(cli, options, answer, () => `${one} ${printable(id)} is in force.\n`);
  }
}

async function readEntries(file: string, terminal: Terminal): Promise<readonly Row[]> {
  const text = await readText(file, terminal);
  const { readDocument } = await import('@atp-router/adapters/config');
  const value = readDocument(text);
  const entries = Array.isArray(value) ? value : [value];
  if (entries.length > 0 && entries.every(isRow)) return entries;
  throw new CliError(EXIT.usage, `${file} holds neither a mapping nor a list of mappings.`);
}
