import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CsvRow, csvRows } from './csv.ts';
import { CELLS_MAX, type Dataset, type Prompt, type Right } from './dataset.ts';
import { unusable } from './lines.ts';

/** As all evaluations count: about, and the same for every model. */
export const CHARS_PER_TOKEN = 4;
/** Columns that are no models. */
const MARKS = 'correct.csv.gz';
const CHARS = 'output_chars.csv.gz';
const NO_MODELS: ReadonlySet<string> = new Set(['id', 'category', 'answer']);

/** How right and wrong are written. */
export const MARK: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['0', false],
  ['True', true],
  ['False', false],
]);

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
  const [marks, chars] = [await beside(folder, MARKS), await beside(folder, CHARS)];
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
    const asked = table.places.map((place) => cell(place).trim() !== '');
    for (const [model, is_asked] of asked.entries()) if (is_asked) covered[model] = (covered[model] ?? 0) + 1;
    const mark_row = marks && (await sameRow(table, row, marks));
    const char_row = chars && (await sameRow(table, row, chars));
    prompts.push({
      id: cell(table.id),
      category: table.category < 0 ? undefined : cell(table.category),
      ...{ keys, asked },
      right: rightOf(table, row, mark_row && columns.marks?.map((place) => markOf(marks, mark_row, place))),
      tokens: char_row && columns.chars?.map((place) => tokensOf(chars, char_row, place)),
    });
    bounded(table, prompts);
  }
  for (const other of [marks, chars]) await ended(table, other);
  return { models: table.models, covered, prompts };
}

/**
 * A folder with marks only (`correct.csv.gz`: `id`, perhaps `category`, and a column for each model, blank where it has no row), and
 * perhaps lengths: nobody knows what the models said.
 */
export async function readMarks(folder: string): Promise<Dataset> {
  const table = await open(join(folder, MARKS));
  const chars = await beside(folder, CHARS);
  const places = chars && columnsOf(table, chars);
  const prompts: Prompt[] = [];
  const covered = table.models.map(() => 0);
  for (let row = await next(table); row !== undefined; row = await next(table)) {
    const { cells } = row;
    const marks = table.places.map((place) => markOf(table, row as CsvRow, place));
    for (const [model, mark] of marks.entries()) if (mark !== undefined) covered[model] = (covered[model] ?? 0) + 1;
    const char_row = chars && (await sameRow(table, row, chars));
    prompts.push({
      id: cells[table.id] ?? '',
      category: table.category < 0 ? undefined : cells[table.category],
      ...{ keys: marks.map(() => ''), asked: marks.map((mark) => mark !== undefined) },
      right: { kind: 'marks', right: marks },
      tokens: char_row && places?.map((place) => tokensOf(chars, char_row, place)),
    });
    bounded(table, prompts);
  }
  await ended(table, chars);
  return { models: table.models, covered, prompts };
}

async function beside(folder: string, name: string): Promise<Table | undefined> {
  const file = join(folder, name);
  return existsSync(file) ? open(file) : undefined;
}

function bounded({ file, models }: Table, prompts: readonly Prompt[]): void {
  if (prompts.length * models.length > CELLS_MAX)
    throw unusable(file, `it has more than ${CELLS_MAX} answers. Leave out prompts or models.`);
}

async function ended(table: Table, other: Table | undefined): Promise<void> {
  const more = other && (await next(other));
  if (other !== undefined && more !== undefined)
    throw unusable(other.file, `line ${more.line} is of a prompt that ${table.file} does not have.`);
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
  const is_right = MARK.get(mark);
  if (is_right !== undefined) return is_right;
  throw unusable(file, `line ${line} has ${mark.slice(0, 20)} where 0, 1, True, False or nothing is to be.`);
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
