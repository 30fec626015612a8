import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Dataset, Prompt } from '../../dataset.ts';
import { isHeldOut } from '../../held-out.ts';
import { unusable } from '../../lines.ts';
import { TABLES } from '../../open-dataset.ts';
import { readMarks, readTables } from '../../tables.ts';
import type { Layout, RecordedAnswer, RouteSet } from './layout.ts';
import { textsOf } from './texts.ts';

const QUESTIONS = 'questions.jsonl.gz';
const MARKS = 'correct.csv.gz';

/** What models answered, and what is right. */
export const ANSWER_TABLES: Layout = {
  name: 'answers',
  looks_for: `${TABLES.join(' or ')}, with ${QUESTIONS}`,
  sets: () => [],
  fits: (folder) => tableOf(folder) !== undefined,
  read: async (folder) => withTexts(folder, await readTables(folder, tableOf(folder) ?? TABLES[0])),
};

/** Only whether models were right. */
export const MARK_TABLES: Layout = {
  name: 'marks',
  looks_for: `${MARKS} with ${QUESTIONS}`,
  sets: () => [],
  fits: (folder) => existsSync(join(folder, MARKS)) && tableOf(folder) === undefined,
  read: async (folder) => withTexts(folder, await readMarks(folder)),
};

function tableOf(folder: string): string | undefined {
  return TABLES.find((name) => existsSync(join(folder, name)));
}

async function withTexts(folder: string, { models, covered, prompts }: Dataset): Promise<RouteSet> {
  const file = join(folder, QUESTIONS);
  if (!existsSync(file)) throw unusable(file, 'it is not there, and routing sees nothing but the words of a prompt.');
  const texts = await textsOf(file, new Set(prompts.map(({ id }) => id)));
  return {
    ...{ models, covered, prices: undefined, contaminated: 0 },
    prompts: prompts.map((prompt) => {
      const { id, category } = prompt;
      const text = texts.get(id);
      if (text === undefined) throw unusable(file, `prompt ${id} is not in it.`);
      const answers = models.map((_, model) => answerOf(prompt, model));
      return { id, text, category, held_out: isHeldOut(id), answers };
    }),
  };
}

function answerOf({ keys, asked, right, tokens }: Prompt, model: number): RecordedAnswer | undefined {
  if (asked[model] !== true) return undefined;
  const key = keys[model] ?? '';
  const is_right = right.kind === 'key' ? key === right.key : right.right[model] === true;
  return { key: right.kind === 'key' ? key : undefined, right: is_right ? 1 : 0, out_tokens: tokens?.[model] };
}
