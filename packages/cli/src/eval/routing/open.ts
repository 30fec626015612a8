import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT } from '../../exit.ts';
import { printable } from '../../print/text.ts';
import type { Layout, RouteSet } from './layouts/layout.ts';
import { ROUTELLM } from './layouts/routellm.ts';
import { ANSWER_TABLES, MARK_TABLES } from './layouts/tables.ts';
import { ULAB } from './layouts/ulab.ts';

/** The first that fits is taken. */
const LAYOUTS: readonly Layout[] = [ANSWER_TABLES, MARK_TABLES, ROUTELLM, ULAB];

export interface OpenedSet {
  readonly layout: string;
  /** Which of the sets of the folder; undefined: it is one. */
  readonly set: string | undefined;
  readonly found: RouteSet;
}

/** The data set of a folder, told by the files in it. */
export async function openRouteSet(cwd: string, folder: string, named: string | undefined): Promise<OpenedSet> {
  const path = resolve(cwd, folder);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CliError(EXIT.usage, `there is no folder ${printable(folder)}.`);
  if (!stat.isDirectory())
    throw new CliError(EXIT.usage, `${printable(folder)} is no folder. Name the folder that holds the files.`);
  const layout = LAYOUTS.find((one) => one.fits(path));
  if (layout === undefined) {
    const forms = LAYOUTS.map(({ name, looks_for }) => `${looks_for} (${name})`).join('; ');
    throw new CliError(EXIT.usage, `${printable(folder)} holds no data set. Looked for: ${forms}.`);
  }
  const sets = layout.sets(path);
  const set = named ?? sets[0];
  if (named !== undefined && !sets.includes(named)) {
    const what = sets.length === 0 ? 'one set, name none' : `the sets ${sets.join(', ')}`;
    throw new CliError(EXIT.usage, `${printable(folder)} holds no set ${printable(named)}: it holds ${what}.`);
  }
  const found = await layout.read(path, set ?? '');
  if (found.prompts.length === 0) throw new CliError(EXIT.usage, `${printable(folder)} holds no prompt.`);
  const ids = new Set<string>();
  for (const { id } of found.prompts) {
    if (ids.has(id)) throw new CliError(EXIT.usage, `${printable(folder)} holds prompt ${printable(id)} twice.`);
    ids.add(id);
  }
  return { layout: layout.name, set, found };
}

/** `DIR#set`, or `DIR` alone. */
export function folderAndSet(text: string): readonly [folder: string, set: string | undefined] {
  const place = text.lastIndexOf('#');
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)];
}
