import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { type Dataset, only } from './dataset.ts';
import { readSolutions } from './solutions.ts';
import { readTables } from './tables.ts';

export const TABLES = ['predictions.csv.gz', 'answers.csv.gz'] as const;
const SOLUTIONS = 'example_model_solutions.jsonl.gz';
const SUGGESTIONS_MAX = 3;

/** The data set of a folder, told by the files in it. */
export async function openDataset(cwd: string, folder: string): Promise<Dataset> {
  const path = resolve(cwd, folder);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new CliError(EXIT.usage, `there is no folder ${printable(folder)}.`);
  if (!stat.isDirectory())
    throw new CliError(EXIT.usage, `${printable(folder)} is no folder. Name the folder that holds the files.`);
  const table = TABLES.find((name) => existsSync(join(path, name)));
  const found =
    table !== undefined
      ? await readTables(path, table)
      : existsSync(join(path, SOLUTIONS))
        ? await readSolutions(join(path, SOLUTIONS))
        : undefined;
  if (found === undefined)
    throw new CliError(
      EXIT.usage,
      `${printable(folder)} holds no answers: there is none of ${[...TABLES, SOLUTIONS].join(', ')} in it.`,
    );
  if (found.prompts.length === 0) throw new CliError(EXIT.usage, `${printable(folder)} holds no prompt.`);
  return found;
}

/** Of all prompts: a call that failed now and then does not keep a model out of `all`. */
const COVERED_MIN = 0.99;

/** The members of the vote. */
export function chooseMembers(dataset: Dataset, names: 'all' | readonly string[]): Dataset {
  return only(dataset, chosenModels(dataset, names));
}

/** Those named, or all who have a row for nearly every prompt, be it one without an answer. */
export function chosenModels(
  { models, covered, prompts }: Pick<Dataset, 'models' | 'covered'> & { readonly prompts: readonly unknown[] },
  names: 'all' | readonly string[],
): readonly string[] {
  const chosen =
    names === 'all' ? models.filter((_, model) => (covered[model] ?? 0) >= COVERED_MIN * prompts.length) : names;
  if (chosen.length === 0)
    throw new CliError(EXIT.usage, 'no model answered all prompts. Name those that are meant with --models.');
  const unknown = chosen.find((name) => !models.includes(name));
  if (unknown === undefined) return chosen;
  const near = [...models].sort((a, b) => distance(unknown, a) - distance(unknown, b)).slice(0, SUGGESTIONS_MAX);
  const all = models.length > near.length ? ` of ${models.length}` : '';
  throw new CliError(
    EXIT.usage,
    `there is no model ${printable(unknown)}. Most like it${all}: ${near.map(printable).join(', ')}.`,
  );
}

const NAME_CHARS = 100;

/** Edits that make one name of the other, whatever their case (Levenshtein 1966). */
function distance(left: string, right: string): number {
  const [a, b] = [left, right].map((name) => name.slice(0, NAME_CHARS).toLowerCase()) as [string, string];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
