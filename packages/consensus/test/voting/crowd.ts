import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import type { Said } from '../../src/voting/index.ts';

/** Sources made up for a test: how often each is right, who copies whom, and how much the wrong ones follow one wrong answer. */
export interface Crowd {
  readonly accuracies: readonly number[];
  readonly options: number;
  readonly prompts: number;
  readonly seed: number;
  /** Chance that a source that is wrong says what is wrong for all of this prompt. */
  readonly herd?: number;
  /** Sources that say what the first of them says, with this chance. */
  readonly cliques?: readonly { readonly members: readonly number[]; readonly copies: number }[];
  /** Prompts differ in difficulty by so much up and down. */
  readonly spread?: number;
}

export interface Question {
  readonly answers: readonly Said[];
  readonly right: string;
}

export function makeCrowd(crowd: Crowd): readonly Question[] {
  const rng = seededRng(crowd.seed);
  return Array.from({ length: crowd.prompts }, () => ask(crowd, rng));
}

function ask({ accuracies, options, herd = 0, cliques = [], spread = 0.2 }: Crowd, rng: Rng): Question {
  const right = randomInt(rng, 0, options - 1);
  const lure = randomInt(rng, 0, options - 1);
  const ease = (rng.next() * 2 - 1) * spread;
  const said = accuracies.map((accuracy) => {
    if (rng.next() < Math.min(0.99, Math.max(0.02, accuracy + ease))) return right;
    if (rng.next() < herd) return lure;
    const wrong = randomInt(rng, 0, options - 2);
    return wrong >= right ? wrong + 1 : wrong;
  });
  for (const { members, copies } of cliques)
    for (const member of members.slice(1)) if (rng.next() < copies) said[member] = said[members[0] ?? 0] ?? 0;
  return { answers: said.map((key, place) => ({ source: `s${place}`, key: `k${key}` })), right: `k${right}` };
}
