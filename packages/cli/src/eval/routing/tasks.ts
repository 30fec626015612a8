import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Dataset, Prompt } from '../dataset.ts';
import { lines, unusable } from '../lines.ts';
import { CHARS_PER_TOKEN } from '../tables.ts';
import type { ModelPrice } from './prices.ts';

const PER_MTOK = 1_000_000;
const QUESTIONS = 'questions.jsonl.gz';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** One prompt as routing meets it, and what has come of each model that has answered. */
export interface RouteCase {
  readonly id: string;
  readonly text: string;
  readonly category: string | undefined;
  /** In the order of the models; undefined: it gave none. */
  readonly outcomes: readonly (Outcome | undefined)[];
}

export interface Outcome {
  /** Undefined: no answer could be read. */
  readonly key: string | undefined;
  readonly right: boolean;
  readonly in_usd: number;
  readonly out_usd_per_token: number;
  readonly out_tokens: number;
  readonly cost_usd: number;
}

/** Prompts of a data set with their texts, and what each answer costs by a table of prices. */
export async function routeCases(
  cwd: string,
  folder: string,
  { models, prompts }: Dataset,
  prices: readonly ModelPrice[],
): Promise<readonly RouteCase[]> {
  const file = join(resolve(cwd, folder), QUESTIONS);
  if (!existsSync(file)) throw unusable(file, 'it is not there, and routing sees nothing but the words of a prompt.');
  const texts = await textsOf(file);
  return prompts.map((prompt) => {
    const text = texts.get(prompt.id);
    if (text === undefined) throw unusable(file, `prompt ${prompt.id} is not in it.`);
    const outcomes = models.map((_, model) => outcomeOf(prompt, model, text, prices[model]));
    return { id: prompt.id, text, category: prompt.category, outcomes };
  });
}

function outcomeOf(
  { keys, right, tokens }: Prompt,
  model: number,
  text: string,
  price: ModelPrice | undefined,
): Outcome | undefined {
  const key = keys[model] ?? '';
  const out_tokens = tokens?.[model] ?? 0;
  // A row without a length is no call.
  if (price === undefined || out_tokens === 0) return undefined;
  const in_usd = ((text.length / CHARS_PER_TOKEN) * price.in_usd_per_mtok) / PER_MTOK;
  const out_usd_per_token = price.out_usd_per_mtok / PER_MTOK;
  return {
    ...{ in_usd, out_usd_per_token, out_tokens, cost_usd: in_usd + out_usd_per_token * out_tokens },
    key: key === '' ? undefined : key,
    right: right.kind === 'key' ? key === right.key : right.right[model] === true,
  };
}

async function textsOf(file: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for await (const [line, number] of lines(file)) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw unusable(file, `line ${number} is no JSON.`);
    }
    const { id, prompt, question, options } = (value ?? {}) as Readonly<Record<string, unknown>>;
    const text = typeof prompt === 'string' ? prompt : question;
    if ((typeof id !== 'string' && typeof id !== 'number') || typeof text !== 'string')
      throw unusable(file, `line ${number} has no "id", or neither "prompt" nor "question".`);
    const choices = Array.isArray(options) ? options.map((one, i) => `\n${LETTERS[i] ?? i}. ${String(one)}`) : [];
    texts.set(String(id), text + choices.join(''));
  }
  return texts;
}
