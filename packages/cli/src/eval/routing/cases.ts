import { type Foreseen, foreseenWithout } from '@atp-router/router';
import { CHARS_PER_TOKEN, type ModelPrice, type RecordedAnswer, type RouteSet } from './layouts/layout.ts';

const PER_MTOK = 1_000_000;
/** Where a set does not say how long an answer was, so many are paid for. */
export const USUAL_OUT_TOKENS = 250;

/** One prompt as routing meets it, and what has come of each model that was asked. */
export interface RouteCase {
  readonly id: string;
  readonly text: string;
  readonly category: string | undefined;
  readonly held_out: boolean;
  /** In the order of the models; undefined: it was not asked. */
  readonly outcomes: readonly (Outcome | undefined)[];
}

/** `in_usd` and `out_usd_per_token`: as a router foresees them. */
export interface Outcome extends Foreseen {
  /** Empty: none could be read of the answer; undefined: it is not known what it was. */
  readonly key: string | undefined;
  /** From 0 to 1. */
  readonly right: number;
  /** Undefined: it is not known. */
  readonly out_tokens: number | undefined;
  /** By characters, a quarter of a token each. */
  readonly cost_usd: number;
}

/** Prompts of a set with what each answer of these models costs. Those that none of them was asked are left out. */
export function routeCases(
  { models, prompts }: RouteSet,
  chosen: readonly string[],
  prices: readonly ModelPrice[],
): readonly RouteCase[] {
  const places = chosen.map((model) => models.indexOf(model));
  return prompts.flatMap(({ id, text, category, held_out, answers }): readonly RouteCase[] => {
    const foreseen = foreseenWithout(text, prices);
    const outcomes = places.map((place, model) => outcomeOf(answers[place], text, prices[model], foreseen[model]));
    return outcomes.every((outcome) => outcome === undefined) ? [] : [{ id, text, category, held_out, outcomes }];
  });
}

function outcomeOf(
  answer: RecordedAnswer | undefined,
  text: string,
  price: ModelPrice | undefined,
  foreseen: Foreseen | undefined,
): Outcome | undefined {
  if (answer === undefined || price === undefined || foreseen === undefined) return undefined;
  const in_usd = ((text.length / CHARS_PER_TOKEN) * price.in_usd_per_mtok) / PER_MTOK;
  const out_usd = (price.out_usd_per_mtok / PER_MTOK) * (answer.out_tokens ?? USUAL_OUT_TOKENS);
  return { ...answer, ...foreseen, cost_usd: in_usd + out_usd };
}
