import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, EXIT } from '../../exit.ts';
import { printable } from '../../print/text.ts';
import { unusable } from '../lines.ts';
import type { ModelPrice } from './layouts/layout.ts';

const HEADING = 'model,in_usd_per_mtok,out_usd_per_mtok';
const PRICES_CHARS_MAX = 1_048_576;

/** A table of prices (CSV, `model,in_usd_per_mtok,out_usd_per_mtok`). */
export function readPrices(cwd: string, file: string): ReadonlyMap<string, ModelPrice> {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw unusable(file, `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}.`);
  }
  if (text.length > PRICES_CHARS_MAX) throw unusable(file, `it is longer than ${PRICES_CHARS_MAX} characters.`);
  const [heading, ...rows] = text.split(/\r?\n/);
  if (heading?.trim() !== HEADING) throw unusable(file, `its first line is to be ${HEADING}.`);
  const known = new Map<string, ModelPrice>();
  for (const [i, row] of rows.entries()) {
    if (row.trim() === '') continue;
    const [model = '', input = '', output = ''] = row.split(',').map((cell) => cell.trim());
    const [in_usd_per_mtok, out_usd_per_mtok] = [Number(input), Number(output)];
    const is_price = (value: number, cell: string): boolean => cell !== '' && Number.isFinite(value) && value >= 0;
    if (!is_price(in_usd_per_mtok, input) || !is_price(out_usd_per_mtok, output))
      throw unusable(file, `line ${i + 2} has no two prices of 0 or more.`);
    known.set(model, { in_usd_per_mtok, out_usd_per_mtok });
  }
  return known;
}

/** In the order of the models. Each has to have one. `source`: where prices are from. */
export function pricesFor(
  models: readonly string[],
  known: ReadonlyMap<string, ModelPrice>,
  source: string,
): readonly ModelPrice[] {
  return models.map((model) => {
    const price = known.get(model);
    if (price !== undefined) return price;
    throw new CliError(
      EXIT.usage,
      `${printable(source)}: it has no price of ${printable(model)}. Leave it out by --models.`,
    );
  });
}
