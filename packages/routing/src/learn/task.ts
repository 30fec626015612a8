import { normal, type Rng } from '@atp-router/kernel';
import type { PromptFeatures } from '../features/reader.ts';
import type { Chance, Insight } from './insight.ts';
import type { Shown } from './layout.ts';
import type { LengthView } from './lengths.ts';
import { afterOne, afterTwo, type Guess, likeliest, type Move } from './moves.ts';
import { type Contender, Outlook, type Places } from './outlook.ts';
import { apart, ranked, SINGLES } from './places.ts';
import { type AnswerRecord, asKept, type RouteRecord } from './record.ts';
import type { Ahead, Expected, NextStep, RouteAnswer, RoutingTask } from './routing-learner.ts';

export interface TaskSettings {
  /** Models that may be asked first and looked at, and that may have the last word. */
  readonly openers: number;
  readonly closers: number;
  /** Guesses from which one is taken: the chance of each first move is told in so many parts. */
  readonly guesses: number;
  /** How far guesses go from what is known: 1 is Thompson's rule, 0 tries nothing. */
  readonly boldness: number;
  /**
   * Chance that any contender is asked alone, whatever is known, where something may be tried: of what was never done records tell
   * nothing.
   */
  readonly floor: number;
  /** Points of quality that looking at an answer has to be worth: until then nothing of it can be sent on. */
  readonly look_min: number;
}

export const TASK_SETTINGS: TaskSettings = {
  openers: 3,
  closers: 4,
  guesses: 16,
  boldness: 0.5,
  floor: 0.01,
  look_min: 0,
};

interface Answer {
  readonly model: string;
  readonly whom: number;
  readonly out_tokens: number;
  readonly length: number;
  readonly choice: number | undefined;
}

/** One of which no answer could be read, and how many answers there were when it was asked. */
interface Unusable {
  readonly model: string;
  readonly whom: number;
  readonly out_tokens: number;
  readonly behind: number;
}

type First = Move & { readonly looks: boolean };

/** The way of a task so far: whose answer was the last to be compared, and what was decided behind it. */
interface Way {
  readonly answers: readonly Answer[];
  readonly unusable: readonly Unusable[];
  readonly next: NextStep;
  /** Behind that; undefined: it is over. */
  readonly move: Move | undefined;
  /** The last answer was asked for to be taken, so that it was not compared. */
  readonly closed: boolean;
}

/**
 * Routing of one task, step by step (Thompson 1933 for the guess; Chapelle, Li 2011): whom to ask, and once an answer is there,
 * whether to take it or to ask on. What is next depends on nothing but what came, so it can be asked again.
 */
export class RouteTask implements RoutingTask {
  readonly #insight: Insight;
  readonly #lengths: LengthView;
  readonly #prompt: PromptFeatures;
  readonly #contenders: readonly Contender[];
  readonly #settings: TaskSettings;
  /** Places of all contenders, the most promising first. */
  readonly #ranked: readonly number[];
  readonly #places: Places;
  readonly #outlook: Outlook;
  readonly #guess: Guess;
  /** Of each contender before anybody has answered. */
  readonly chances: readonly Chance[];
  readonly quality_usd: number;
  readonly propensity: number;
  readonly tried: number;
  readonly #first: First;
  /** What was decided stays decided, whatever is learned of other tasks meanwhile. */
  readonly #decided: Map<string, Move | undefined> = new Map();

  constructor(
    { insight, lengths }: { readonly insight: Insight; readonly lengths: LengthView },
    prompt: PromptFeatures,
    contenders: readonly Contender[],
    settings: TaskSettings,
    quality_usd: number,
    rng: Rng,
  ) {
    this.quality_usd = quality_usd;
    this.#insight = insight;
    this.#lengths = lengths;
    this.#prompt = prompt;
    this.#contenders = contenders;
    this.#settings = settings;
    const { features } = prompt;
    this.chances = contenders.map(({ id, better }) => insight.chance(id, features, better));
    this.#ranked = ranked(contenders, this.chances, settings);
    this.#places = apart(contenders, this.#ranked, settings);
    this.#outlook = new Outlook(insight, features, contenders, this.chances, this.#places);
    const known = this.#outlook.first(this.#guessed(undefined), settings.look_min);
    const { guess, first, propensity } = this.#begun(known, rng);
    this.#guess = guess;
    this.#first = first;
    this.propensity = propensity;
    this.tried = Math.max(0, this.#paidOf(first.whom) - this.#paidOf(known.whom));
  }

  #begun(known: First, rng: Rng): { readonly guess: Guess; readonly first: First; readonly propensity: number } {
    const { boldness, guesses: count, floor, look_min } = this.#settings;
    if (boldness === 0) return { guess: this.#guessed(undefined), first: known, propensity: 1 };
    const guesses = Array.from({ length: count }, () => this.#guessed(rng));
    const moves = guesses.map((guess) => this.#outlook.first(guess, look_min));
    const chosen = Math.floor(rng.next() * moves.length);
    const is_any = rng.next() < floor;
    const any = Math.floor(rng.next() * this.#contenders.length);
    const first: First = is_any ? { kind: 'ask', whom: any, looks: false, worth: 0 } : (moves[chosen] as First);
    const alike = moves.filter(({ whom, looks }) => whom === first.whom && looks === first.looks).length / count;
    const by_floor = first.looks ? 0 : floor / this.#contenders.length;
    return { guess: guesses[chosen] as Guess, first, propensity: (1 - floor) * alike + by_floor };
  }

  get first(): { readonly model: string; readonly looks: boolean } {
    return { model: this.#idOf(this.#first.whom), looks: this.#first.looks };
  }

  get others(): readonly string[] {
    const { whom } = this.#first;
    return this.#ranked.filter((place) => place !== whom).map((place) => this.#idOf(place));
  }

  outlookOf(model: string): Expected {
    const whom = this.#placeOf(model);
    const { cost, out_tokens } = this.#contenders[whom] as Contender;
    return { ...(this.chances[whom] as Chance), cost, out_tokens };
  }

  /** Chance that the result is right, by what is known. */
  get right(): number {
    return this.#outlook.right(this.#guessed(undefined), this.#settings.look_min);
  }

  next(came: readonly RouteAnswer[]): NextStep {
    return this.#way(came).next;
  }

  ahead(came: readonly RouteAnswer[]): Ahead | undefined {
    const { answers, move } = this.#way(came);
    // The answer of one who closes is taken.
    if (move?.kind !== 'ask') return undefined;
    const [one] = answers;
    if (one !== undefined && one.choice === undefined) return undefined;
    const may_follow =
      one === undefined
        ? this.#outlook.afterFirst(move.whom, this.#guess)
        : this.#outlook.afterSecond(one.whom, move.whom, one.length, this.#guess);
    const best = likeliest(may_follow);
    return best && { model: this.#idOf(best.whom), chance: best.chance };
  }

  /** The task as it is kept, and learned of, when it is over. */
  record(came: readonly RouteAnswer[], taken: string | undefined): RouteRecord {
    const { features, lineage, topic, kind, cluster } = this.#prompt;
    const { answers, unusable, closed } = this.#way(came);
    const betterOf = (whom: number): number => this.#contenders[whom]?.better ?? 0;
    const good = answers.map((answer, place): AnswerRecord => {
      const { model, out_tokens, length, choice, whom } = answer;
      const shown = this.#shownOf(answers, place, closed);
      return { model, out_tokens, length, choice, unusable: false, better: betterOf(whom), shown };
    });
    const bad = unusable.map(({ model, whom, out_tokens, behind }): AnswerRecord => {
      const shown = this.#askedFor(whom, answers.slice(0, behind));
      return { model, out_tokens, length: 0, choice: undefined, unusable: true, better: betterOf(whom), shown };
    });
    return asKept({ features, lineage, topic, kind, cluster, answers: [...good, ...bad], taken });
  }

  #way(came: readonly RouteAnswer[]): Way {
    const { whom, looks } = this.#first;
    let move: Move | undefined = { kind: looks ? 'ask' : 'close', whom, worth: 0 };
    const answers: Answer[] = [];
    const unusable: Unusable[] = [];
    const out = new Set<number>();
    let so_far = '';
    for (const one of came) {
      so_far += `${JSON.stringify(one)} `;
      const { kind, model } = one;
      const place = this.#placeOf(model);
      out.add(place);
      if (kind === 'unusable')
        unusable.push({ model, whom: place, out_tokens: one.out_tokens, behind: answers.length });
      if (kind === 'answer') {
        const length = this.#lengths.beyond(model, this.#prompt.topic, one.out_tokens);
        answers.push({ model, whom: place, out_tokens: one.out_tokens, length, choice: one.choice });
        if (move?.kind === 'close')
          return { answers, unusable, next: { kind: 'take', model }, move: undefined, closed: true };
      }
      move = this.#move(answers, out, so_far);
    }
    return { answers, unusable, next: this.#stepOf(move, unusable[0]), move, closed: false };
  }

  /** What cannot be used is still better than nothing. */
  #stepOf(move: Move | undefined, last: Unusable | undefined): NextStep {
    if (move !== undefined) return { kind: move.kind === 'take' ? 'take' : 'ask', model: this.#idOf(move.whom) };
    return last === undefined ? { kind: 'none', model: undefined } : { kind: 'take', model: last.model };
  }

  /** `out`: who was asked, and is not asked again. Undefined: nobody is left. */
  #move(answers: readonly Answer[], out: ReadonlySet<number>, so_far: string): Move | undefined {
    if (this.#decided.has(so_far)) return this.#decided.get(so_far);
    const move = this.#moved(answers, out);
    this.#decided.set(so_far, move);
    return move;
  }

  #moved(answers: readonly Answer[], out: ReadonlySet<number>): Move | undefined {
    const outlook = out.size > answers.length ? this.#without(answers, out) : this.#outlook;
    const [one, two] = answers as readonly [Answer | undefined, Answer | undefined];
    if (one === undefined) {
      if (out.size === this.#contenders.length) return undefined;
      const { whom, looks, worth } = outlook.first(this.#guess, this.#settings.look_min);
      return { kind: looks ? 'ask' : 'close', whom, worth };
    }
    if (two === undefined) return afterOne(outlook.one(one.whom, one.length), this.#guess);
    if (one.choice === undefined || two.choice === undefined) return { kind: 'take', whom: two.whom, worth: 0 };
    return afterTwo(outlook.two(one.whom, two.whom, one.length, one.choice === two.choice), this.#guess);
  }

  /** Somebody gave no answer: the same look ahead without them. */
  #without(answers: readonly Answer[], out: ReadonlySet<number>): Outlook {
    const has_answered = new Set(answers.map(({ whom }) => whom));
    const stays = (place: number): boolean => !out.has(place) || has_answered.has(place);
    const { openers, closers } = this.#places;
    const places = {
      openers: openers.filter(stays),
      closers: closers.filter(stays),
      singles: this.#ranked.filter((place) => !out.has(place)).slice(0, SINGLES),
    };
    const { features } = this.#prompt;
    return new Outlook(this.#insight, features, this.#contenders, this.chances, places);
  }

  #shownOf(answers: readonly Answer[], place: number, closed: boolean): Shown {
    const [one, two, three] = answers as readonly [Answer, Answer | undefined, Answer | undefined];
    const whom = answers[place]?.whom ?? 0;
    const is_compared = two !== undefined && (three !== undefined || !closed);
    if (!is_compared || one.choice === undefined || two.choice === undefined)
      return place === 0 ? this.#outlook.alone(whom, one.length) : this.#outlook.fresh(whom, one.length);
    const is_same = one.choice === two.choice;
    if (place > 1) return this.#outlook.behind(whom, one.length, is_same);
    return this.#outlook.beside(whom, place === 0, one.length, is_same);
  }

  /** What was shown of one when it was asked. */
  #askedFor(whom: number, before: readonly Answer[]): Shown {
    const [one, two] = before as readonly [Answer | undefined, Answer | undefined];
    if (one?.choice === undefined || two?.choice === undefined) return this.#outlook.fresh(whom, one?.length ?? 0);
    return this.#outlook.behind(whom, one.length, one.choice === two.choice);
  }

  #idOf(whom: number): string {
    return this.#contenders[whom]?.id ?? '';
  }

  #placeOf(model: string): number {
    const place = this.#contenders.findIndex(({ id }) => id === model);
    if (place < 0) throw new RangeError(`"${model}" is none of those who may be asked for the task`);
    return place;
  }

  #paidOf(whom: number): number {
    return this.#contenders[whom]?.paid ?? 0;
  }

  /** Without chance: as what is known has it. */
  #guessed(rng: Rng | undefined): Guess {
    const { boldness } = this.#settings;
    const of = new Float64Array(this.#contenders.length);
    if (rng === undefined) return { of, common: 0, accord: 0 };
    const draw = (): number => boldness * normal(rng);
    for (const whom of this.#places.singles) of[whom] = draw();
    return { of, common: draw(), accord: draw() };
  }
}
