import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { curate, type CurateSettings, type DatasetManifest } from '@atp-router/routing';
import { type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Api } from '../online/api.ts';
import { collect } from './collect.ts';

export const DATASET_FILE = 'dataset.jsonl';
export const MANIFEST_FILE = 'manifest.json';

export interface CurateOptions {
  readonly out: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

export function sha256(text: string | Uint8Array): string {
  return hash('sha256', text, 'hex');
}

/** Writes a dataset of what a router has observed, and what it is made of, into a new folder. */
export async function curateTo(cli: Cli, api: Api, options: CurateOptions, settings: CurateSettings): Promise<void> {
  const { segments, candidates } = await collect(api, options.tenant);
  const { jsonl, manifest } = curate(candidates, segments, settings, sha256);
  const dir = resolve(cli.terminal.cwd, options.out);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const [file, text] of [
      [DATASET_FILE, jsonl],
      [MANIFEST_FILE, `${JSON.stringify(manifest, undefined, 2)}\n`],
    ] as const) {
      writeFileSync(join(dir, file), text, { flag: 'wx', mode: 0o600 });
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    const why = code === 'EEXIST' ? 'there is a dataset already; name another folder' : code;
    throw new CliError(EXIT.usage, `${options.out} cannot be written: ${why}.`);
  }
  show(cli, options, manifest, () => manifestText(manifest));
}

export function manifestText({ examples, topics, removed, dataset_sha256 }: DatasetManifest): string {
  const left_out = Object.entries(removed).filter(([, count]) => count > 0);
  return [
    `${examples} examples of ${Object.keys(topics).length} topics, sha256 ${dataset_sha256}`,
    `left out: ${left_out.length === 0 ? 'nothing' : left_out.map(([why, count]) => `${count} ${why}`).join(', ')}`,
    '',
  ].join('\n');
}
