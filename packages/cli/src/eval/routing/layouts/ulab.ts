import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isHeldOut } from '../../held-out.ts';
import { unusable } from '../../lines.ts';
import { asObject, parsedJson, readBytes, readGunzipped } from './bytes.ts';
import {
  ANSWERS_MAX,
  type Layout,
  type ModelPrice,
  type RecordedAnswer,
  type RoutePrompt,
  type RouteSet,
} from './layout.ts';

const PRICES = 'default_llm.json';
const MODELS_MAX = 1_024;
const SETS = ['test', 'train'] as const;

/** LLMRouter: prompts with a score from 0 to 1 for each model, and a table of prices. */
export const ULAB: Layout = {
  name: 'ulab-llmrouter',
  looks_for: `${SETS.map((set) => `${set}.json.gz`).join(' or ')}, with ${PRICES}`,
  sets: setsIn,
  fits: (folder) => setsIn(folder).length > 0,
  read: async (folder, set) => {
    const file = join(folder, `${set}.json.gz`);
    const rows = parsedJson(file, readGunzipped(file));
    if (!Array.isArray(rows)) throw unusable(file, 'it is to be a list of objects with "question" and "scores".');
    const own = join(folder, PRICES);
    return scored(file, rows, existsSync(own) ? pricesOf(own) : undefined);
  },
};

function setsIn(folder: string): readonly string[] {
  return SETS.filter((set) => existsSync(join(folder, `${set}.json.gz`)));
}

function scored(file: string, rows: readonly unknown[], prices: RouteSet['prices']): RouteSet {
  const parsed = rows.map((row, i) => rowOf(file, row, i));
  const models = [...new Set(parsed.flatMap(({ scores }) => [...scores.keys()]))];
  if (models.length > MODELS_MAX || models.length * rows.length > ANSWERS_MAX)
    throw unusable(file, `it has more than ${MODELS_MAX} models or ${ANSWERS_MAX} answers.`);
  const covered = models.map(() => 0);
  const prompts = parsed.map(({ text, category, scores }, i): RoutePrompt => {
    const answers = models.map((model, place): RecordedAnswer | undefined => {
      const right = scores.get(model);
      if (right === undefined) return undefined;
      covered[place] = (covered[place] ?? 0) + 1;
      return { key: undefined, right, out_tokens: undefined };
    });
    return { id: String(i + 1), text, category, held_out: isHeldOut(text), answers };
  });
  return { models, covered, prompts, prices, contaminated: 0 };
}

interface Scored {
  readonly text: string;
  readonly category: string | undefined;
  readonly scores: ReadonlyMap<string, number>;
}

function rowOf(file: string, row: unknown, i: number): Scored {
  const { question, scores, cluster_id } = asObject(row) ?? {};
  const marks = asObject(scores);
  if (typeof question !== 'string' || marks === undefined)
    throw unusable(file, `entry ${i + 1} has no "question" or no "scores".`);
  const by_model = new Map<string, number>();
  for (const [model, right] of Object.entries(marks)) {
    if (typeof right !== 'number' || !(right >= 0 && right <= 1))
      throw unusable(file, `entry ${i + 1} has a score of ${model} that is no number from 0 to 1.`);
    by_model.set(model, right);
  }
  const category = typeof cluster_id === 'number' || typeof cluster_id === 'string' ? String(cluster_id) : undefined;
  return { text: question, category, scores: by_model };
}

/** USD for a million tokens of each model. */
function pricesOf(file: string): ReadonlyMap<string, ModelPrice> {
  const table = asObject(parsedJson(file, readBytes(file)));
  if (table === undefined) throw unusable(file, 'it is no object with a model in each field.');
  const is_price = (value: unknown): value is number =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0;
  return new Map(
    Object.entries(table).map(([model, value]) => {
      const { input_price, output_price } = asObject(value) ?? {};
      if (!is_price(input_price) || !is_price(output_price))
        throw unusable(file, `${model} has no "input_price" and "output_price" of 0 or more.`);
      return [model, { in_usd_per_mtok: input_price, out_usd_per_mtok: output_price }];
    }),
  );
}
