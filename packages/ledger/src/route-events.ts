import type { Footprint, Qos, UsdNanos } from '@atp-router/kernel';

/** Values of features by their places; those that are not named are 0. */
export interface RouteFeatures {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

/** What one model did that was asked, without its words. */
export interface RouteAnswered {
  readonly model: string;
  readonly out_tokens: number;
  /** Standard deviations that the answer was longer than usual. */
  readonly length: number;
  /** The same for equal answers, from 0; absent: none could be told. */
  readonly choice?: number | undefined;
  /** What the answers showed of it: places and values. */
  readonly shown: readonly (readonly [place: number, value: number])[];
  /** How much better than the average model it was expected to be before anything was known. */
  readonly better: number;
  /** It is known to be wrong: no answer could be read of it. */
  readonly unusable?: boolean | undefined;
}

/** All that routing learns of a task, at once or when somebody says later how right it was. */
export interface RouteLesson {
  readonly features: RouteFeatures;
  /** Of the clusters that were known; empty: there were none. Those of different lineages have nothing in common. */
  readonly lineage: string;
  /** The cluster of the task; absent: none was known by then. */
  readonly topic?: number | undefined;
  /** What the prompt asked for, by plain signs, from a closed list; absent in records of before that was told apart. */
  readonly kind?: string | undefined;
  /** Id of the cluster, which stays when clusters move; absent: it had none. */
  readonly cluster?: string | undefined;
  readonly answers: readonly RouteAnswered[];
  /** Whose answer was the result; absent: there was none. */
  readonly taken?: string | undefined;
}

/** One of those who could have been asked, as routing saw it before anybody was. */
export interface RouteCandidateSeen {
  readonly model: string;
  /** Chance that its answer is right, and one standard deviation of what is not known of it. */
  readonly chance: number;
  readonly spread: number;
  /** What one answer costs. */
  readonly expected_usd_nanos: UsdNanos;
  /** The same with what its time and its carbon are worth; absent: these are worth nothing. */
  readonly weighed_usd_nanos?: UsdNanos | undefined;
  /** What one answer takes and emits; absent: not known. */
  readonly expected_energy_joules?: number | undefined;
  readonly expected_co2e_mg?: number | undefined;
  /** How long it takes, in milliseconds; absent: not known. */
  readonly expected_ms?: number | undefined;
  /** Tokens of the prompt that were expected in its prompt cache; absent: none. */
  readonly expected_cached_tokens?: number | undefined;
}

/** A model that began before it was known whether it is needed. */
export interface Speculated {
  readonly model: string;
  /** `accepted`: what others said was taken, and it was stopped. `rejected`: it was needed, and had begun by then. */
  readonly outcome: 'accepted' | 'rejected';
}

/**
 * How `auto` chose, and what came of it: one for each call that it chose for, behind its `call.ended`. What the router knows of
 * models is made of these and of `route.feedback`, and of nothing else. No field holds what a client asked or a model said.
 */
export interface RouteDecided extends Footprint {
  readonly type: 'route.decided';
  readonly call_id: string;
  readonly tenant: string;
  /** Under whose limits it was chosen; absent: no policy's. */
  readonly policy?: string | undefined;
  readonly qos: Qos;
  readonly task_type?: string | undefined;
  /** `single`: one was asked and its answer taken; `cascade`: answers were looked at first; `fanout`: two began side by side. */
  readonly plan: 'single' | 'cascade' | 'fanout';
  /** Who was asked first, and how likely that was. */
  readonly first: string;
  readonly propensity: number;
  /** Something might be tried. */
  readonly explores: boolean;
  /** What a right answer instead of a wrong one was worth. */
  readonly quality_usd: number;
  /** The most promising first; not all where there were many. */
  readonly candidates: readonly RouteCandidateSeen[];
  /** What the first answer was expected to cost more than that of whom what is known would have had asked. */
  readonly tried_usd_nanos: UsdNanos;
  /** What asking the first alone was expected to be worth less than asking the best alone, in money. */
  readonly regret_usd_nanos: UsdNanos;
  /** Whom savings are told against, and what its answer was expected to cost. */
  readonly baseline: { readonly model: string; readonly expected_usd_nanos: UsdNanos };
  /** Who began before it was known whether it is needed, and what came of it; absent: nobody did. */
  readonly speculated?: readonly Speculated[] | undefined;
  readonly lesson: RouteLesson;
  readonly outcome: 'ok' | 'error' | 'cancelled';
  /** Of the whole call. */
  readonly cost_usd_nanos: UsdNanos;
  /** Wall clock, ms since the epoch. */
  readonly at_ms: number;
}

/** What the model that savings are told against is thought to have come to on the same call: a doubly robust estimate. */
export interface RouteCompared {
  /** Who was asked first. */
  readonly first: string;
  /** How right its answer would have been. An estimate of one call can lie outside of 0 to 1; in the mean it does not. */
  readonly right: number;
  /** 1 over how likely it was to be asked, where it was it that was asked; else 0. */
  readonly weight: number;
}

/** Somebody says how right the result of a call was that `auto` had chosen for. It can be read alone. */
export interface RouteFeedback {
  readonly type: 'route.feedback';
  readonly call_id: string;
  readonly tenant: string;
  /** Empty where nobody who has a key said it. */
  readonly key_id: string;
  /** Hex SHA-256 of what was given: the same again is no other feedback. */
  readonly body_hash: string;
  /** What said it in place of a person, as `validator:<kinds>`, `signal:<kind>` or `judge:<model>`; absent: somebody who has a key. */
  readonly by?: string | undefined;
  /** How much it counts beside a person's word, below 1; 0: nothing is learned of it, for a person's word stands above it. Absent: as much. */
  readonly weight?: number | undefined;
  /** 0 to 1. */
  readonly right: number;
  /** Absent: nobody with a key said it, or nothing was thought of whom savings are told against. */
  readonly compared?: RouteCompared | undefined;
  readonly lesson: RouteLesson;
  /** When the call had ended. */
  readonly decided_ms: number;
  readonly at_ms: number;
}

/**
 * Results of one model were worse, or better, than expected for so long that it is another model now, for one tenant's calls.
 * `call_id`: whose feedback has shown it.
 */
export interface RouteDrifted {
  readonly type: 'route.drifted';
  readonly call_id: string;
  readonly tenant: string;
  readonly model: string;
  readonly direction: 'worse' | 'better';
  /** How far results were from what was expected, on the average; above 0, at most 1. */
  readonly shift: number;
  /** Results since it changed, as far as can be told. */
  readonly results: number;
  readonly at_ms: number;
}

export type RouteEvent = RouteDecided | RouteFeedback | RouteDrifted;
