import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CsvRow, csvRows } from './csv.ts';
import { CELLS_MAX, type Dataset, type Prompt, type Right } from './dataset.ts';
import { unusable } from './lines.ts';

/** As all evaluations count: about, and the same for every model. */
export const CHARS_PER_TOKEN = 4;
/** Columns that are no models. */
const NO_MODELS: ReadonlySet<string> = new Set(['id', 'category', 'answer']);

interface Table {
  readonly file: string;
  readonly models: readonly string[];
  readonly places: readonly number[];
  /** Where `id`, `category` and `answer` stand, -1 where they do not. */
  readonly id: number;
  readonly category: number;
  readonly answer: number;
  readonly rows: AsyncIterator<CsvRow>;
}

/**
 * A folder with a table of answers: a column for each model, `id`, and perhaps `category` and `answer`, the right one. Beside it
 * may be `correct.csv.gz` with marks and `output_chars.csv.gz` with lengths, of the same prompts in the same order.
 */
export async function readTables(folder: string, answers: string): Promise<Dataset> {
  const table = await open(join(folder, answers));
  const beside = async (name: string): Promise<Table | undefined> => {
    const file = join(folder, name);
    return existsSync(file) ? open(file) : undefined;
  };
  const [marks, chars] = [await beside('correct.csv.gz'), await beside('output_chars.csv.gz')];
  if (table.answer < 0 && marks === undefined)
    throw unusable(
      table.file,
      'it has no column answer, and there is no correct.csv.gz beside it: nothing says what is right.',
    );
  const columns = { marks: marks && columnsOf(table, marks), chars: chars && columnsOf(table, chars) };
  const prompts: Prompt[] = [];
  const covered = table.models.map(() => 0);
  for (let row = await next(table); row !== undefined; row = await next(table)) {
    const cell = (place: number): string => row?.cells[place] ?? '';
    const keys = table.places.map((place) => keyOf(cell(place)));
    for (const [model, place] of table.places.entries())
      if (cell(place).trim() !== '') covered[model] = (covered[model] ?? 0) + 1;
    const mark_row = marks && (await sameRow(table, row, marks));
    const char_row = chars && (await sameRow(table, row, chars));
    prompts.push({
      id: cell(table.id),
      category: table.category < 0 ? undefined : cell(table.category),
      keys,
      right: rightOf(table, row, mark_row && columns.marks?.map((place) => markOf(marks, mark_row, place))),
      tokens: char_row && columns.chars?.map((place) => tokensOf(chars, char_row, place)),
    });
    if (prompts.length * table.models.length > CELLS_MAX)
      throw unusable(table.file, `it has more than ${CELLS_MAX} answers. Leave out prompts or models.`);
  }
  for (const other of [marks, chars]) {
    const more = other && (await next(other));
    if (other !== undefined && more !== undefined)
      throw unusable(other.file, `line ${more.line} is of a prompt that ${table.file} does not have.`);
  }
  return { models: table.models, covered, prompts };
}

async function open(file: string): Promise<Table> {
  const rows = csvRows(file)[Symbol.asyncIterator]();
  const heading = await rows.next();
  if (heading.done === true)
    throw unusable(file, 'it is empty. Its first line is a heading: id, and a column for each model.');
  const names = heading.value.cells.map((name) => name.trim());
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw unusable(file, `the column ${twice} is there twice.`);
  if (names.includes('')) throw unusable(file, 'a column of the heading has no name.');
  const models = names.filter((name) => !NO_MODELS.has(name));
  const place = (name: string): number => names.indexOf(name);
  if (place('id') < 0) throw unusable(file, 'the heading has no column id.');
  if (models.length === 0) throw unusable(file, 'the heading names no model.');
  return {
    ...{ file, models, rows, places: models.map(place) },
    ...{ id: place('id'), category: place('category'), answer: place('answer') },
  };
}

async function next({ rows }: Table): Promise<CsvRow | undefined> {
  const row = await rows.next();
  return row.done === true ? undefined : row.value;
}

/** The row of another table that belongs to a row of this one. */
async function sameRow(table: Table, row: CsvRow, other: Table): Promise<CsvRow> {
  const found = await next(other);
  const [id, wanted] = [found?.cells[other.id], row.cells[table.id]];
  if (found !== undefined && id === wanted) return found;
  const what = found === undefined ? 'it ends' : `line ${found.line} is of prompt ${id}`;
  throw unusable(
    other.file,
    `${what} where ${wanted} is to come, as in line ${row.line} of ${table.file}. Both need the same order.`,
  );
}

/** Where the other table has the models of this one; -1 for one that it does not have. */
function columnsOf(table: Table, other: Table): readonly number[] {
  return table.models.map((model) => other.places[other.models.indexOf(model)] ?? -1);
}

function rightOf(table: Table, row: CsvRow, marks: readonly (boolean | undefined)[] | undefined): Right {
  const key = table.answer < 0 ? '' : keyOf(row.cells[table.answer] ?? '');
  if (key !== '') return { kind: 'key', key };
  if (marks !== undefined) return { kind: 'marks', right: marks };
  throw unusable(table.file, `line ${row.line} has no right answer.`);
}

function markOf({ file }: Table, { cells, line }: CsvRow, place: number): boolean | undefined {
  const mark = cells[place] ?? '';
  if (mark === '') return undefined;
  if (mark === '0' || mark === '1') return mark === '1';
  throw unusable(file, `line ${line} has ${mark.slice(0, 20)} where 0, 1 or nothing is to be.`);
}

function tokensOf({ file }: Table, { cells, line }: CsvRow, place: number): number {
  const chars = cells[place] ?? '';
  if (chars === '') return 0;
  if (/^\d{1,12}$/.test(chars)) return Number(chars) / CHARS_PER_TOKEN;
  throw unusable(file, `line ${line} has ${chars.slice(0, 20)} where a number of characters is to be.`);
}

/** `-` and blank are no answer. */
function keyOf(cell: string): string {
  const key = cell.trim();
  return key === '-' ? '' : key;
}
