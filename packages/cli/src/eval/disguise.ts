import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import type { Dataset, Prompt } from './dataset.ts';

/** Other names for models, in the same places. Nothing may come of it. */
export function renamed(dataset: Dataset, seed: number): Dataset {
  const rng = seededRng(seed);
  const names = shuffled(
    dataset.models.map((_, place) => `model-${place}`),
    rng,
  );
  return { ...dataset, models: names };
}

const LETTERS = /^[A-Z]$/;

/** Other names for the answers of each prompt: letters are dealt anew among the letters used, other answers among themselves. */
export function relabelled(dataset: Dataset, seed: number): Dataset {
  const rng = seededRng(seed);
  const letters = new Set(dataset.prompts.flatMap(({ keys }) => keys.filter((key) => key !== '')));
  const alphabet = [...letters].every((key) => LETTERS.test(key)) ? [...letters].sort() : undefined;
  return { ...dataset, prompts: dataset.prompts.map((prompt) => relabel(prompt, alphabet, rng)) };
}

function relabel(prompt: Prompt, alphabet: readonly string[] | undefined, rng: Rng): Prompt {
  const { keys, right } = prompt;
  const own = new Set(keys.filter((key) => key !== ''));
  if (right.kind === 'key') own.add(right.key);
  const from = alphabet ?? [...own];
  const to = shuffled(from, rng);
  const map = new Map(from.map((key, place) => [key, to[place] ?? key]));
  const other = (key: string): string => map.get(key) ?? key;
  return {
    ...prompt,
    keys: keys.map(other),
    right: right.kind === 'key' ? { kind: 'key', key: other(right.key) } : right,
  };
}

/** Fisher-Yates. */
export function shuffled<T>(list: readonly T[], rng: Rng): readonly T[] {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = randomInt(rng, 0, i);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}
