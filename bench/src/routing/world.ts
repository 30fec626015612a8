import { normal, type Rng, randomInt, seededRng } from '@atp-router/kernel';
import {
  type LearnerKind,
  learnerOf,
  type RouteAt,
  type RouteCandidate,
  type RouteQuestion,
  type RoutingLearner,
  type RoutingTask,
} from '@atp-router/routing';

/** About 2,000 tokens. */
const PROMPT_CHARS = 8_000;
/** Words there are, those of one subject, and how many of ten words of a prompt are of its subject. */
const WORDS = 20_000;
const SUBJECTS = 40;
const SUBJECT_WORDS = 400;
const OF_SUBJECT = 3;

export const AT: RouteAt = { tenant: 'bench', tick: 500_000, share: false };

/** Prompts that are all different, of subjects whose words differ, common words being common as in any language (Zipf 1949). */
export class Prompts {
  readonly #rng: Rng;
  readonly #words: readonly string[];

  constructor(seed: number) {
    this.#rng = seededRng(seed);
    this.#words = Array.from({ length: WORDS }, () => {
      const letters = Array.from({ length: randomInt(this.#rng, 2, 9) }, () => randomInt(this.#rng, 97, 122));
      return String.fromCharCode(...letters);
    });
  }

  next(): string {
    const from = randomInt(this.#rng, 0, SUBJECTS - 1) * SUBJECT_WORDS;
    const words: string[] = [];
    let chars = 0;
    while (chars < PROMPT_CHARS) {
      const of_subject = randomInt(this.#rng, 1, 10) <= OF_SUBJECT;
      const place = of_subject
        ? from + randomInt(this.#rng, 0, SUBJECT_WORDS - 1)
        : Math.floor(WORDS ** this.#rng.next()) - 1;
      const word = this.#words[place] ?? '';
      words.push(word);
      chars += word.length + 1;
    }
    return words.join(' ');
  }
}

/** Prices over three orders of magnitude, as those of models are. */
export function candidatesOf(count: number): readonly RouteCandidate[] {
  return Array.from({ length: count }, (_, i) => {
    const usd_per_mtok = 10 ** ((3 * i) / count - 1);
    return { id: `model-${i}`, in_usd: (2_000 * usd_per_mtok) / 1e6, out_usd_per_token: (4 * usd_per_mtok) / 1e6 };
  });
}

export function questionOf(text: string, candidates: readonly RouteCandidate[], at: RouteAt = AT): RouteQuestion {
  return { text, candidates, quality_usd: 0.05, plans: 'any', may_explore: true, ...at };
}

/** Plays a task to its end: the dearer a model, the more often it is right, and those who are right say the same. */
export function played(
  task: RoutingTask,
  rng: Rng,
): { readonly record: ReturnType<RoutingTask['record']>; readonly right: number } {
  const came: { kind: 'answer'; model: string; out_tokens: number; choice: number }[] = [];
  let next = task.next(came);
  while (next.kind === 'ask') {
    const { model } = next;
    const { cost } = task.outlookOf(model);
    const choice = rng.next() < 0.8 - 0.3 / (1 + 10 * cost) ? 0 : randomInt(rng, 1, 3);
    came.push({ kind: 'answer', model, out_tokens: Math.round(250 * Math.exp(normal(rng) / 2)), choice });
    next = task.next(came);
  }
  const taken = came.find(({ model }) => model === next.model);
  return { record: task.record(came, next.model), right: taken?.choice === 0 ? 1 : 0 };
}

/** One that has seen so many tasks, all of them told of; half of them one model alone could be asked for, so that it knows of each. */
export function taught(
  kind: LearnerKind,
  tasks: number,
  candidates: readonly RouteCandidate[],
  prompts: Prompts,
): RoutingLearner {
  const learner = learnerOf(kind, 1);
  const rng = seededRng(2);
  for (let i = 0; i < tasks; i += 1) {
    const { id } = candidates[i % candidates.length] as RouteCandidate;
    // Alone, so that it is learned of by itself.
    const asked = i % 2 === 0 ? candidates : candidates.filter((one) => one.id === id);
    const { record, right } = played(learner.decide(questionOf(prompts.next(), asked)), rng);
    learner.observe(record, AT);
    learner.learn(record, right, AT);
  }
  return learner;
}
