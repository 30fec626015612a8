import { type Command, Option } from 'commander';
import type { SignOptions } from '../models/sign.ts';
import { readManifestFile } from '../models/manifest-file.ts';
import { custodyText, historyText, standingLine, standingsText } from '../models/print.ts';
import { type Api, withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { adminPath, type Cli, online, show } from './context.ts';

type Options = OnlineOptions & { readonly note?: string };

/** Adds to `models` what is done with their statuses and papers. */
export function addModels(models: Command, cli: Cli): void {
  online(models.command('list'))
    .description('list the models: statuses, since when and why, what the rules would do, and experiments')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const standing = new Map((await api.list(adminPath('lifecycle'))).map((row) => [row['id'], row]));
        const data = (await api.list(adminPath('models'))).map((row) => ({ ...row, ...standing.get(row['id']) }));
        show(cli, options, { data }, () => standingsText(data));
      }),
    );
  addMoves(models, cli);
  addPapers(models, cli);
  online(models.command('history <id>'))
    .description('how a model came to its status')
    .action((id: string, options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('lifecycle', id));
        show(cli, options, answer, () => historyText(answer));
      }),
    );
  online(models.command('review'))
    .description('have the rules judge all models now, and do what they say')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.post(adminPath('lifecycle-review'));
        const moved = (answer as { readonly data: readonly { readonly id: string }[] }).data;
        show(cli, options, answer, () => (moved.length === 0 ? 'nothing was moved\n' : standingMoved(moved)));
      }),
    );
}

function standingMoved(moved: readonly { readonly id: string }[]): string {
  return `moved: ${moved.map(({ id }) => id).join(', ')}\n`;
}

function addMoves(models: Command, cli: Cli): void {
  const act = (
    name: string,
    what: string,
    ask: (api: Api, id: string, options: Options) => Promise<unknown>,
  ): Command =>
    online(models.command(`${name} <id>`))
      .description(what)
      .option('--note <text>', 'why, for the record')
      .action((id: string, options: Options) =>
        withAdmin(options, cli.terminal, async (api) => {
          const answer = await ask(api, id, options);
          show(cli, options, answer, () => standingLine(answer));
        }),
      );
  const to = (status: string) => (api: Api, id: string, options: Options) =>
    api.post(adminPath('lifecycle', id, 'move'), { to: status, ...noteOf(options) });
  act('promote', 'make a shadow active', to('active'));
  act('demote', 'make an active model a fallback', to('fallback'));
  act('retire', 'make a model deprecated', to('deprecated'));
  act('rollback', 'take the last move of a model back', (api, id, options) =>
    api.post(adminPath('lifecycle', id, 'rollback'), noteOf(options)),
  );
  act('incident', 'report a safety incident of a model', (api, id, options) =>
    api.post(adminPath('lifecycle', id, 'incident'), noteOf(options)),
  );
}

function addPapers(models: Command, cli: Cli): void {
  online(models.command('add'))
    .description('put a manifest in force, of the model that it names')
    .requiredOption('--manifest <file>', 'its manifest, signed or not; - for standard input')
    .action(async ({ manifest: file, ...options }: OnlineOptions & { readonly manifest: string }) => {
      const read = await readManifestFile(file, cli.terminal);
      await withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.put(adminPath('lifecycle', read.manifest.model, 'manifest'), read);
        show(cli, options, answer, () => standingLine(answer));
      });
    });
  models
    .command('sign <file>')
    .description('sign a manifest, without a router; the signed one goes to standard output')
    .requiredOption('--key <file>', 'Ed25519 private key, PEM')
    .requiredOption('--signer <id>', 'as registry.signers of the routers names it')
    .option('--json', 'with hash and public key, in one object')
    .action(async (file: string, options: SignOptions) => {
      await (await import('../models/sign.ts')).signManifest(cli, file, options);
    });
  online(models.command('verify [id]'))
    .description("what a model's manifest is worth at a router; with --manifest what a file holds, without one")
    .option('--manifest <file>', 'a file in place of a router; - for standard input')
    .action(async (id: string | undefined, options: OnlineOptions & { readonly manifest?: string }) => {
      const verify = await import('../models/verify.ts');
      if (options.manifest !== undefined) await verify.verifyFile(cli, options.manifest, options);
      else await verify.verifyModels(cli, id, options);
    });
  online(models.command('custody <id>'))
    .description('who had a model in hand, and what was done; with --record put a step on record')
    .addOption(new Option('--record <step>', 'taken elsewhere').choices(['build', 'scan']))
    .option('--hash <hex>', 'of the manifest that it was about; default: the one in force')
    .option('--note <text>', 'for the record')
    .action((id: string, options: Options & { readonly record?: string; readonly hash?: string }) =>
      withAdmin(options, cli.terminal, async (api) => {
        const { record: step, hash: manifest_hash } = options;
        const body = { step, ...(manifest_hash !== undefined && { manifest_hash }), ...noteOf(options) };
        const answer =
          step === undefined
            ? await api.get(adminPath('lifecycle', id))
            : await api.post(adminPath('lifecycle', id, 'custody'), body);
        show(cli, options, answer, () => custodyText(answer));
      }),
    );
}

function noteOf({ note }: Options): { readonly note?: string } {
  return note === undefined ? {} : { note };
}
