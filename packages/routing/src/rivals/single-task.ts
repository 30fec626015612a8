import type { PromptFeatures } from '../features/reader.ts';
import type { Chance } from '../learn/insight.ts';
import type { Contender } from '../learn/outlook.ts';
import { type AnswerRecord, asKept, type RouteRecord } from '../learn/record.ts';
import type { Expected, NextStep, RouteAnswer, RoutingTask } from '../learn/routing-learner.ts';

/** What was decided of a task. Places are those of the contenders. */
export interface SingleChoice {
  readonly first: number;
  /** All of them, the most promising first. */
  readonly ranked: readonly number[];
  readonly propensity: number;
  readonly tried: number;
  readonly chances: readonly Chance[];
}

/** One model is asked and its answer taken; others only stand in where it fails. */
export class SingleTask implements RoutingTask {
  readonly #prompt: PromptFeatures;
  readonly #contenders: readonly Contender[];
  readonly #choice: SingleChoice;
  readonly quality_usd: number;

  constructor(prompt: PromptFeatures, contenders: readonly Contender[], choice: SingleChoice, quality_usd: number) {
    this.quality_usd = quality_usd;
    this.#prompt = prompt;
    this.#contenders = contenders;
    this.#choice = choice;
  }

  get first(): RoutingTask['first'] {
    return { model: this.#idOf(this.#choice.first), looks: false };
  }

  get others(): readonly string[] {
    const { first, ranked } = this.#choice;
    return ranked.filter((place) => place !== first).map((place) => this.#idOf(place));
  }

  get propensity(): number {
    return this.#choice.propensity;
  }

  get tried(): number {
    return this.#choice.tried;
  }

  outlookOf(model: string): Expected {
    const place = this.#placeOf(model);
    const { cost, out_tokens } = this.#contenders[place] as Contender;
    return { ...(this.#choice.chances[place] as Chance), cost, out_tokens };
  }

  /** Its answer is taken. */
  ahead(): undefined {
    return undefined;
  }

  next(came: readonly RouteAnswer[]): NextStep {
    for (const { model } of came) this.#placeOf(model);
    const answer = came.find(({ kind }) => kind === 'answer');
    if (answer !== undefined) return { kind: 'take', model: answer.model };
    const out = new Set(came.map(({ model }) => model));
    const left = [this.first.model, ...this.others].find((model) => !out.has(model));
    if (left !== undefined) return { kind: 'ask', model: left };
    const unusable = came.find(({ kind }) => kind === 'unusable');
    return unusable === undefined ? { kind: 'none', model: undefined } : { kind: 'take', model: unusable.model };
  }

  record(came: readonly RouteAnswer[], taken: string | undefined): RouteRecord {
    const { features, lineage, topic, kind, cluster } = this.#prompt;
    const answers = came.flatMap((one): AnswerRecord[] => {
      if (one.kind === 'failed') return [];
      const { model, out_tokens } = one;
      const better = this.#contenders[this.#placeOf(model)]?.better ?? 0;
      const choice = one.kind === 'answer' ? one.choice : undefined;
      return [{ model, out_tokens, length: 0, choice, unusable: one.kind === 'unusable', shown: [], better }];
    });
    return asKept({ features, lineage, topic, kind, cluster, answers, taken });
  }

  #idOf(place: number): string {
    return this.#contenders[place]?.id ?? '';
  }

  #placeOf(model: string): number {
    const place = this.#contenders.findIndex(({ id }) => id === model);
    if (place < 0) throw new RangeError(`"${model}" is none of those who may be asked for the task`);
    return place;
  }
}
