import { manifestHash } from '@atp-router/router';
import { adminPath, type Cli, show } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { type Api, withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { isRow, type Row } from '../print/table.ts';
import { printable, shown } from '../print/text.ts';
import { readManifestFile } from './manifest-file.ts';

type VerifyOptions = OnlineOptions & { readonly manifest?: string };

/** Of a file its form and its hash, with no router at hand. */
export async function verifyFile(cli: Cli, file: string, options: OnlineOptions): Promise<void> {
  const { manifest, signature } = await readManifestFile(file, cli.terminal);
  const hash = manifestHash(manifest);
  const signer = signature?.signer ?? null;
  const by =
    signer === null ? 'not signed' : `signed by ${printable(signer)}, which a router holds against its signers`;
  show(cli, options, { hash, model: manifest.model, signer }, () => `${hash}  ${printable(manifest.model)}, ${by}\n`);
}

/** What manifests are worth at a router: of one model, or of all. Exit 1 when one does not count. */
export async function verifyModels(cli: Cli, id: string | undefined, options: VerifyOptions): Promise<void> {
  await withAdmin(options, cli.terminal, async (api) => {
    const rows = await rowsFor(api, id);
    show(cli, options, { data: rows }, () => rows.map(lineOf).join(''));
    if (rows.some((row) => stateOf(row) === 'invalid')) cli.exit(EXIT.failed);
  });
}

async function rowsFor(api: Api, id: string | undefined): Promise<readonly Row[]> {
  if (id === undefined) return api.list(adminPath('lifecycle'));
  const answer = await api.get(adminPath('lifecycle', id));
  return isRow(answer) ? [answer] : [];
}

function stateOf({ manifest }: Row): unknown {
  return isRow(manifest) ? manifest['state'] : undefined;
}

function lineOf(row: Row): string {
  const words = isRow(row['manifest']) ? row['manifest']['words'] : '';
  return `${printable(shown(row['id']))}: ${printable(shown(words))}\n`;
}
