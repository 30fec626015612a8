import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CsvRow, csvRows, csvRowsOf } from '../../csv.ts';
import { isHeldOut } from '../../held-out.ts';
import { unusable } from '../../lines.ts';
import { MARK } from '../../tables.ts';
import { asObject, parsedJson, readBytes, readGunzipped } from './bytes.ts';
import {
  ANSWERS_MAX,
  CHARS_PER_TOKEN,
  type Layout,
  type RecordedAnswer,
  type RoutePrompt,
  type RouteSet,
  TEXT_CHARS_MAX,
} from './layout.ts';
import { tarFiles } from './tar.ts';

const MMLU = 'mmlu_responses.tar.gz';
const GSM8K = 'gsm8k_responses.csv.gz';
/** A column of what a model said, beside that of whether it was right. */
const SAID = '_response';

/** RouteLLM (Ong et al. 2024): marks of a weak and a strong model; of GSM8K also what they said, whose length counts. */
export const ROUTELLM: Layout = {
  name: 'routellm',
  looks_for: `${MMLU} or ${GSM8K}`,
  sets: setsIn,
  fits: (folder) => setsIn(folder).length > 0,
  read: async (folder, set) => {
    const known = contaminated(join(folder, `${set}_contaminated_prompts.jsonl`));
    const builder = new Builder(known);
    if (set === 'gsm8k') await builder.add(join(folder, GSM8K), 'gsm8k', undefined, csvRows(join(folder, GSM8K)));
    else await addSubjects(builder, join(folder, MMLU));
    return builder.done();
  },
};

function setsIn(folder: string): readonly string[] {
  const is_there = (file: string): boolean => existsSync(join(folder, file));
  return [...(is_there(MMLU) ? ['mmlu'] : []), ...(is_there(GSM8K) ? ['gsm8k'] : [])];
}

async function addSubjects(builder: Builder, file: string): Promise<void> {
  for (const { name, bytes } of tarFiles(file, readGunzipped(file))) {
    const subject = /(?:^|\/)(?:mmlu_)?([^/]{1,200})\.csv$/.exec(name)?.[1];
    if (subject === undefined) throw unusable(file, `it holds ${name}, which is no .csv.`);
    await builder.add(`${file}: ${name}`, subject, subject, csvRowsOf(`${file}: ${name}`, numbered(bytes)));
  }
}

async function* numbered(bytes: Buffer): AsyncGenerator<readonly [string, number]> {
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const text = bytes.toString('utf8', start, end);
    number += 1;
    start = end + 1;
    yield [text.endsWith('\r') ? text.slice(0, -1) : text, number];
  }
}

/** Prompts that were found again in what the published routers were trained with; the paper leaves them out. */
function contaminated(file: string): ReadonlySet<string> {
  if (!existsSync(file)) return new Set();
  const prompts = readBytes(file)
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return new Set(
    prompts.map((line, i) => {
      const { eval_prompt } = asObject(parsedJson(`${file}: line ${i + 1}`, Buffer.from(line))) ?? {};
      if (typeof eval_prompt !== 'string') throw unusable(file, `line ${i + 1} has no "eval_prompt".`);
      return eval_prompt;
    }),
  );
}

/** Rows of one or several files with the same models. */
class Builder {
  readonly #contaminated: ReadonlySet<string>;
  readonly #prompts: RoutePrompt[] = [];
  #models: readonly string[] = [];
  #left_out = 0;
  #chars = 0;

  constructor(known: ReadonlySet<string>) {
    this.#contaminated = known;
  }

  async add(file: string, id: string, category: string | undefined, rows: AsyncIterable<CsvRow>): Promise<void> {
    let heading: readonly string[] | undefined;
    let number = 0;
    for await (const row of rows) {
      if (heading === undefined) {
        heading = this.#heading(file, row.cells);
        continue;
      }
      number += 1;
      const text = row.cells[0] ?? '';
      if (this.#contaminated.has(text)) this.#left_out += 1;
      else this.#push(file, { id: `${id}/${number}`, text, category }, row, heading);
    }
    if (heading === undefined)
      throw unusable(file, 'it is empty. Its first line is to be prompt, and a column for each model.');
  }

  done(): RouteSet {
    const prompts = this.#prompts;
    const covered = this.#models.map(() => prompts.length);
    return { models: this.#models, covered, prompts, prices: undefined, contaminated: this.#left_out };
  }

  #push(
    file: string,
    prompt: Pick<RoutePrompt, 'id' | 'text' | 'category'>,
    row: CsvRow,
    heading: readonly string[],
  ): void {
    this.#chars += prompt.text.length;
    if (this.#chars > TEXT_CHARS_MAX) throw unusable(file, `its prompts have more than ${TEXT_CHARS_MAX} characters.`);
    const answers = this.#models.map((model) => answerOf(file, row, heading, model));
    this.#prompts.push({ ...prompt, held_out: isHeldOut(prompt.text), answers });
    if (this.#prompts.length * answers.length > ANSWERS_MAX)
      throw unusable(file, `it has more than ${ANSWERS_MAX} answers.`);
  }

  #heading(file: string, cells: readonly string[]): readonly string[] {
    const names = cells.map((name) => name.trim());
    const models = names
      .slice(1)
      .filter((name) => !(name.endsWith(SAID) && names.includes(name.slice(0, -SAID.length))));
    const twice = names.find((name, place) => names.indexOf(name) !== place);
    if (names[0] !== 'prompt' || models.length === 0 || names.includes('') || twice !== undefined)
      throw unusable(file, 'its first line is to be prompt, and a column for each model, each with another name.');
    if (this.#models.length > 0 && this.#models.join('\n') !== models.join('\n'))
      throw unusable(file, `it has other models than the files before it: ${models.join(', ')}.`);
    this.#models = models;
    return names;
  }
}

function answerOf(file: string, { cells, line }: CsvRow, heading: readonly string[], model: string): RecordedAnswer {
  const mark = cells[heading.indexOf(model)] ?? '';
  const is_right = MARK.get(mark.trim());
  if (is_right === undefined)
    throw unusable(file, `line ${line} has ${mark.slice(0, 20) || 'nothing'} where True or False is to be.`);
  const said = cells[heading.indexOf(`${model}${SAID}`)];
  return {
    key: undefined,
    right: is_right ? 1 : 0,
    out_tokens: said === undefined ? undefined : said.length / CHARS_PER_TOKEN,
  };
}
