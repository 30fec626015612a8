import type { RoutingConfig } from '@atp-router/adapters';
import type { ClustersView, ModelEntry, ModelScore, Observed, RequestFacts } from '@atp-router/routing';
import type { IntensityOf } from '../carbon/intensities.ts';
import type { AutoChoice } from './auto-choice.ts';
import type { Quality } from './quality.ts';

/** Somebody who may be asked. */
export interface Who {
  /** A model, or whoever speaks through one. */
  readonly id: string;
  readonly model: ModelEntry;
}

/** A call that somebody is to be chosen for. */
export interface AutoAsked {
  /** All who may be asked, two or more. */
  readonly whos: readonly Who[];
  readonly facts: RequestFacts;
  readonly observed: Observed;
  readonly quality: Quality | undefined;
  /** Tokens of the prompt that are expected in the prompt cache of a model. Absent: none anywhere. */
  readonly cached?: ((model: ModelEntry) => number) | undefined;
  /** What a kilowatt-hour emits. Absent: of no region is that known. */
  readonly intensity?: IntensityOf | undefined;
  /** Answers can be held back until they have been looked at, and compared. */
  readonly can_look: boolean;
  /** Bytes are wanted as they come. */
  readonly stream: boolean;
  /** The words of the prompt. */
  texts(): readonly string[];
}

/** How a router chooses for `auto`. */
export interface Chooser {
  /** Undefined: by the static score. */
  choose(asked: AutoAsked, settings: RoutingConfig, now: AutoNow): AutoChoice | undefined;
  /** How right models were, for one tenant or (undefined) for all, by clusters of prompts. */
  scores(tenant: string | undefined): readonly ModelScore[];
  /** Clusters of prompts by name, and what became of them. */
  clusters(): ClustersView;
}

/** On the wall, since the epoch, and since the process began. */
export interface AutoNow {
  readonly now_ms: number;
  readonly mono_ms: number;
}
