import type { Said } from '@atp-router/consensus';

/** One prompt of a data set with what each model said; lists are in the order of `Dataset.models`. */
export interface Prompt {
  readonly id: string;
  readonly category: string | undefined;
  /** Empty: no answer. */
  readonly keys: readonly string[];
  /** Whether a model has a row, be it one without an answer. */
  readonly asked: readonly boolean[];
  readonly right: Right;
  /** Tokens of each answer, about; undefined where the data set does not say. */
  readonly tokens: readonly number[] | undefined;
}

/** What is known of the right answer: its key, or only marks for the answers given. */
export type Right =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'marks'; readonly right: readonly (boolean | undefined)[] };

export interface Dataset {
  readonly models: readonly string[];
  /** For each model the prompts that it has a row for, be it one without an answer. */
  readonly covered: readonly number[];
  readonly prompts: readonly Prompt[];
}

/** Answers held at once, over all prompts and models. */
export const CELLS_MAX = 20_000_000;

/** Whether an answer is right. With marks: what those who gave it were told, the more frequent mark; unknown is not right. */
export function isRight({ keys, right }: Prompt, key: string | undefined): boolean {
  if (key === undefined || key === '') return false;
  if (right.kind === 'key') return key === right.key;
  let sum = 0;
  for (const [model, own] of keys.entries()) {
    const mark = right.right[model];
    if (own === key && mark !== undefined) sum += mark ? 1 : -1;
  }
  return sum > 0;
}

/** Answers as a voter takes them. */
export function saidOf(models: readonly string[], { keys }: Prompt): readonly Said[] {
  return models.map((source, model) => ({ source, key: keys[model] ?? '' }));
}

/** The data set with these models only, in this order. */
export function only({ models, covered, prompts }: Dataset, chosen: readonly string[]): Dataset {
  const places = chosen.map((model) => models.indexOf(model));
  const pick = <T>(list: readonly T[], empty: T): readonly T[] => places.map((place) => list[place] ?? empty);
  return {
    models: chosen,
    covered: pick(covered, 0),
    prompts: prompts.map((prompt) => ({
      ...prompt,
      keys: pick(prompt.keys, ''),
      asked: pick(prompt.asked, false),
      right:
        prompt.right.kind === 'key'
          ? prompt.right
          : {
              kind: 'marks',
              right: places.map((place) => (prompt.right.kind === 'marks' ? prompt.right.right[place] : undefined)),
            },
      tokens: prompt.tokens === undefined ? undefined : pick(prompt.tokens, 0),
    })),
  };
}
