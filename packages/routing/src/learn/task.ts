import { normal, type Rng } from '@atp-router/kernel';
import type { PromptFeatures } from '../features/reader.ts';
import type { Chance, Lesson, RouteKnowledge, Shown } from './knowledge.ts';
import { afterOne, afterTwo, type Contender, type Guess, type Move, Outlook } from './outlook.ts';

export interface TaskSettings {
  /** Models that may be asked first and looked at, and that may have the last word. */
  readonly openers: number;
  readonly closers: number;
  /** Guesses from which one is taken: the chance of each first move is told in so many parts. */
  readonly guesses: number;
  /** How far guesses go from what is known: 1 is Thompson's rule, 0 tries nothing. */
  readonly boldness: number;
  /** Points of quality that looking at an answer has to be worth: until then nothing of it can be sent on. */
  readonly look_min: number;
}

export const TASK_SETTINGS: TaskSettings = { openers: 3, closers: 4, guesses: 16, boldness: 0.5, look_min: 0 };

/** What to do next: to take the answer of a model that has given one, or to ask a model. */
export interface NextStep {
  readonly kind: 'take' | 'ask';
  readonly model: string;
}

/** An answer, as far as routing looks at it. */
interface TaskAnswer {
  readonly model: string;
  /** Standard deviations that it is longer than usual. */
  readonly length: number;
  /** The same for equal answers; undefined: there is none, or it cannot be told. */
  readonly key: string | undefined;
}

/**
 * Routing of one task, step by step (Thompson 1933 for the guess; Chapelle, Li 2011): whom to ask, and once an answer is there,
 * whether to take it or to ask on.
 */
export class RouteTask {
  readonly #knowledge: RouteKnowledge;
  readonly #prompt: PromptFeatures;
  readonly #contenders: readonly Contender[];
  readonly #settings: TaskSettings;
  readonly #outlook: Outlook;
  readonly #guess: Guess;
  readonly #onTold: () => void;
  /** Chance of the first move among those that were as good. */
  readonly propensity: number;
  readonly #first: Move & { readonly looks: boolean };
  readonly #answers: TaskAnswer[] = [];
  /** The next answer is the last. */
  #closes = false;

  constructor(
    knowledge: RouteKnowledge,
    prompt: PromptFeatures,
    contenders: readonly Contender[],
    settings: TaskSettings,
    rng: Rng,
    onTold: () => void,
  ) {
    this.#knowledge = knowledge;
    this.#prompt = prompt;
    this.#onTold = onTold;
    this.#contenders = contenders;
    this.#settings = settings;
    const { features } = prompt;
    const common = knowledge.common(features);
    const chances = contenders.map(({ id, better }) => knowledge.chance(id, features, better, common));
    const places = apart(contenders, chances, settings);
    this.#outlook = new Outlook(knowledge, features, contenders, common, chances, places);
    const guesses = Array.from({ length: settings.boldness === 0 ? 1 : settings.guesses }, () => this.#guessed(rng));
    const moves = guesses.map((guess) => this.#outlook.first(guess, settings.look_min));
    const chosen = Math.floor(rng.next() * moves.length);
    this.#guess = guesses[chosen] as Guess;
    this.#first = moves[chosen] as Move & { readonly looks: boolean };
    const { whom, looks } = this.#first;
    this.propensity = moves.filter((move) => move.whom === whom && move.looks === looks).length / moves.length;
  }

  /** Whom to ask first, and whether the answer is to be looked at before it is taken. */
  get first(): { readonly model: string; readonly looks: boolean } {
    return { model: this.#idOf(this.#first.whom), looks: this.#first.looks };
  }

  /** What to do now that another answer is there. `key`: the same for equal answers; undefined: it cannot be told. */
  answered(model: string, out_tokens: number, key: string | undefined): NextStep {
    const { lengths } = this.#knowledge;
    const { topic } = this.#prompt;
    const length = lengths.beyond(model, topic, out_tokens);
    lengths.add(model, topic, out_tokens);
    this.#answers.push({ model, length, key });
    const next = this.#next(model);
    if (next.kind === 'take') this.#learnAccords();
    return next;
  }

  #next(model: string): NextStep {
    if (this.#closes || !this.#first.looks) return { kind: 'take', model };
    const [one, two] = this.#answers as [TaskAnswer, TaskAnswer | undefined];
    const { kind, whom } = two === undefined ? this.#afterOne(one) : this.#afterTwo(one, two);
    this.#closes = kind === 'close';
    return { kind: kind === 'take' ? 'take' : 'ask', model: this.#idOf(whom) };
  }

  /** Takes in what needs no word on who was right. */
  #learnAccords(): void {
    const [one, ...others] = this.#answers;
    if (one?.key === undefined) return;
    const { features } = this.#prompt;
    for (const { model, key } of others) {
      if (key !== undefined) this.#knowledge.learnAccord(one.model, model, features, one.length, key === one.key);
    }
  }

  /**
   * Takes in how right the answer was that was taken, from 0 to 1; it may be long after. Throws `RangeError` for anything else,
   * which says nothing.
   */
  learn(taken: string, right: number): void {
    if (!(right >= 0 && right <= 1)) throw new RangeError(`how right an answer is lies from 0 to 1, not ${right}`);
    for (const lesson of this.#lessons(taken, right)) {
      const { better } = this.#contenders[this.#placeOf(lesson.model)] as Contender;
      this.#knowledge.learn(lesson, this.#prompt.features, better);
    }
    this.#onTold();
  }

  /** What the word on the answer that was taken says of each that was asked: another answer than a right one is wrong. */
  #lessons(taken: string, right: number): readonly Lesson[] {
    const result = this.#answers.find(({ model }) => model === taken);
    return this.#answers.flatMap((answer, place): Lesson[] => {
      const shown = this.#shownOf(place);
      if (answer === result) return [{ model: answer.model, shown, right }];
      if (answer.key === undefined || result?.key === undefined) return [];
      if (answer.key === result.key) return [{ model: answer.model, shown, right }];
      return right >= 0.5 ? [{ model: answer.model, shown, right: 1 - right }] : [];
    });
  }

  #shownOf(place: number): Shown {
    const [one, two, three] = this.#answers as [TaskAnswer, TaskAnswer | undefined, TaskAnswer | undefined];
    const whom = this.#placeOf(this.#answers[place]?.model);
    const is_compared = two !== undefined && (three !== undefined || !this.#closes);
    if (!is_compared || one.key === undefined || two.key === undefined)
      return place === 0 ? this.#outlook.alone(whom, one.length) : this.#outlook.fresh(whom, one.length);
    const is_same = one.key === two.key;
    if (place > 1) return this.#outlook.behind(whom, one.length, is_same);
    return this.#outlook.beside(whom, place === 0, one.length, is_same);
  }

  #afterOne({ model, length }: TaskAnswer): Move {
    return afterOne(this.#outlook.one(this.#placeOf(model), length), this.#guess);
  }

  #afterTwo(one: TaskAnswer, two: TaskAnswer): Move {
    const second = this.#placeOf(two.model);
    if (one.key === undefined || two.key === undefined) return { kind: 'take', whom: second, worth: 0 };
    const seen = this.#outlook.two(this.#placeOf(one.model), second, one.length, one.key === two.key);
    return afterTwo(seen, this.#guess);
  }

  #idOf(whom: number): string {
    return this.#contenders[whom]?.id ?? '';
  }

  #placeOf(model: string | undefined): number {
    const place = this.#contenders.findIndex(({ id }) => id === model);
    if (place < 0) throw new Error('an answer is of a contender');
    return place;
  }

  #guessed(rng: Rng): Guess {
    const { boldness } = this.#settings;
    if (boldness === 0) return { of: [], common: 0, accord: 0 };
    const draw = (): number => boldness * normal(rng);
    return { of: this.#contenders.map(draw), common: draw(), accord: draw() };
  }
}

/** Places of who may begin and who may end, by what each is worth if it is as good as may be hoped. */
function apart(
  contenders: readonly Contender[],
  chances: readonly Chance[],
  { boldness, openers, closers }: TaskSettings,
): { readonly openers: readonly number[]; readonly closers: readonly number[] } {
  const worth = contenders.map(({ cost }, i) => {
    const { mean, spread } = chances[i] as Chance;
    return mean + boldness * spread - cost;
  });
  const ranked = contenders.map((_, i) => i).sort((a, b) => (worth[b] ?? 0) - (worth[a] ?? 0));
  const last = ranked.slice(0, closers);
  const dearest = Math.max(...last.map((i) => contenders[i]?.cost ?? 0));
  const cheap = ranked.filter((i) => (contenders[i]?.cost ?? 0) <= OPENER_COST * dearest);
  return { openers: cheap.slice(0, openers), closers: last };
}

/** Who costs more than so much of what the dearest costs is no cheap way to begin. */
const OPENER_COST = 0.6;
