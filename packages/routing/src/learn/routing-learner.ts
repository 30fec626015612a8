import type { Contribution } from '@atp-router/kernel';
import type { ClustersView } from '../clusters/cluster-book.ts';
import type { Chance } from './insight.ts';
import type { ModelDrift, RouteAt } from './knowledge.ts';
import type { RouteRecord } from './record.ts';
import type { ModelScore } from './scores.ts';
import type { LearnerState } from './state.ts';

/** Who may be asked for a task, and what one answer costs. */
export interface RouteCandidate {
  readonly id: string;
  /** For reading the prompt, and for each token of an answer. */
  readonly in_usd: number;
  readonly out_usd_per_token: number;
  /** Of these, what is not paid but weighed with it: it says nothing of how good a model is. Absent: nothing is. */
  readonly beside?: { readonly in_usd: number; readonly out_usd_per_token: number } | undefined;
  /** Chance that an answer is right before anything is learned, 0 to 1. Absent: as its cost suggests. */
  readonly expected_quality?: number | undefined;
}

/** `single`: one is asked and its answer taken; `cascade`: answers are looked at, and others asked behind them; `any`: what is worth more. */
export type RoutePlans = 'any' | 'single' | 'cascade';

/** A task that somebody is to be chosen for. */
export interface RouteQuestion extends RouteAt {
  readonly text: string;
  readonly candidates: readonly RouteCandidate[];
  /** What a right answer instead of a wrong one is worth, above 0. */
  readonly quality_usd: number;
  /** How right the result is to be, 0 to 1, for as little as it takes; then `quality_usd` says nothing. Absent: as right as it is worth. */
  readonly target?: number | undefined;
  readonly plans: RoutePlans;
  /** Longer no answer may be. Absent: as long as it gets. */
  readonly out_tokens_max?: number | undefined;
  /** The request brings tools. Absent: it does not. */
  readonly uses_tools?: boolean | undefined;
  /** Something may be tried to learn of it; else what is known decides. */
  readonly may_explore: boolean;
}

/** What to do next: to take the answer of a model that has given one, or to ask a model; `none`: everybody has failed. */
export type NextStep =
  | { readonly kind: 'take' | 'ask'; readonly model: string }
  | { readonly kind: 'none'; readonly model: undefined };

/** What came of one that was asked. */
export type RouteAnswer =
  | {
      readonly kind: 'answer';
      readonly model: string;
      readonly out_tokens: number;
      /** The same number for equal answers; undefined: there is none, or it cannot be told. */
      readonly choice: number | undefined;
    }
  /** It is paid for, and no answer can be read of it: it is taken only where nobody is left to ask. */
  | { readonly kind: 'unusable'; readonly model: string; readonly out_tokens: number }
  | { readonly kind: 'failed'; readonly model: string };

/** Somebody who may be asked next, and the chance of it, 0 to 1. */
export interface Ahead {
  readonly model: string;
  readonly chance: number;
}

/** What is expected of a model before anybody is asked. */
export interface Expected extends Chance {
  /** Of its answer, in points of quality. */
  readonly cost: number;
  /** How long its answer is. */
  readonly out_tokens: number;
}

/** Routing of one task, step by step. What is next depends on nothing but what came, so it can be asked again. */
export interface RoutingTask {
  /** Whom to ask first, and whether the answer is to be looked at before it is taken. */
  readonly first: { readonly model: string; readonly looks: boolean };
  /** The other contenders, the most promising first: who stands in where the first fails. */
  readonly others: readonly string[];
  /** What a right answer instead of a wrong one was taken to be worth: points of quality are of this. */
  readonly quality_usd: number;
  /** Chance of the first move. */
  readonly propensity: number;
  /** Points of quality, in what is paid, that the first answer costs more than that of whom what is known would have had asked; 0 or more. */
  readonly tried: number;
  /** What was expected of one before anybody was asked. Throws for a model that is no contender. */
  outlookOf(model: string): Expected;
  /** What to do now that this has come, in this order. Throws for a model that is none of the contenders. */
  next(came: readonly RouteAnswer[]): NextStep;
  /** While whoever is asked behind these is at work: who will most likely be asked next, and how likely. Undefined: nobody. */
  ahead(came: readonly RouteAnswer[]): Ahead | undefined;
  /** The task as it is learned of when it is over. */
  record(came: readonly RouteAnswer[], taken: string | undefined): RouteRecord;
}

/** Who learns whom to ask: all that a router and an evaluation need of it. */
export interface RoutingLearner {
  /** Throws `RangeError` where nobody may be asked, or quality is worth nothing. */
  decide(question: RouteQuestion): RoutingTask;
  /** Takes in what needs no word on who was right: how long answers are, and who says the same. Once for each task that is over. */
  observe(record: RouteRecord, at: RouteAt): void;
  /**
   * Takes in how right the result was, from 0 to 1; it may be long after. `at`: when the task was. Throws `RangeError` for anything
   * else, which says nothing. Returns a model that is another than it was, by this and what came before; what was learned of it
   * counts little then. `weight`: how much it counts beside a person's word; what counts less is not held against what a model was.
   */
  learn(record: RouteRecord, right: number, at: RouteAt, weight?: number): ModelDrift | undefined;
  /**
   * Takes back what was learned with the same, where something that counts more is known now. It has to have been learned here, and
   * no model may have changed since: then it has been put aside already.
   */
  unlearn(record: RouteRecord, right: number, at: RouteAt, weight: number): void;
  /** How right models were, for one tenant or (undefined) for all. */
  scores(tenant: string | undefined): readonly ModelScore[];
  /** Clusters of prompts by name, and what became of them. */
  clusters(): ClustersView;
  /** What it has learned itself, as JSON. */
  state(): LearnerState;
  /** In place of what it has learned itself so far. False: it is of another number of topics, and of no use. */
  restore(state: LearnerState): boolean;
  /** What other origins have learned, as they say it now, beside what this one has. What is of no use here counts as nothing. */
  merge(contributions: readonly Contribution<LearnerState>[]): void;
}
