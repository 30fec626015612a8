import { readDataFile, replaceDataFile } from '@atp-router/adapters';
import type { WorkerStart } from '@atp-router/router';
import { CliError, EXIT } from '../../exit.ts';
import { workersOf } from '../role.ts';

const FILE = 'incarnations.json';

/** What has to outlive supervisors: no incarnation is given twice, and whoever may be alive is known to the next one. */
export interface Incarnations {
  /** The highest that was given; 0: none. */
  readonly last: number;
  /** Workers that were started and not seen to end. */
  readonly workers: readonly WorkerStart[];
}

/** Reads what the last supervisor wrote. Throws for a file that cannot be one: numbers that begin anew would be taken twice. */
export function readIncarnations(run_dir: string): Incarnations {
  const text = readDataFile(run_dir, FILE);
  if (text === undefined) return { last: 0, workers: [] };
  const known = incarnationsOf(text);
  if (known !== undefined) return known;
  const what = `${run_dir}/${FILE} is damaged: it does not say which processes were started.`;
  throw new CliError(
    EXIT.config,
    `${what} Restore it, or set the number in {"last":1000000,"workers":[]} higher than any before.`,
  );
}

/** On the disk when it returns. Throws `config_invalid` where that cannot be. */
export function writeIncarnations(run_dir: string, { last, workers }: Incarnations): void {
  replaceDataFile(run_dir, FILE, JSON.stringify({ last, workers }));
}

function incarnationsOf(text: string): Incarnations | undefined {
  try {
    const { last, workers } = JSON.parse(text) as Partial<Record<string, unknown>>;
    const known = workersOf(workers);
    if (known === undefined || !Number.isSafeInteger(last) || (last as number) < 0) return undefined;
    return known.every(({ incarnation }) => incarnation <= (last as number))
      ? { last: last as number, workers: known }
      : undefined;
  } catch {
    return undefined;
  }
}
