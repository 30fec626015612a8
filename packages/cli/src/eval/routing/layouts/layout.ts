/** One prompt of a data set as routing reads it. */
export interface RoutePrompt {
  readonly id: string;
  /** All that the learner sees. */
  readonly text: string;
  readonly category: string | undefined;
  /** Of the half that nothing was tuned on. */
  readonly held_out: boolean;
  /** In the order of the models; undefined: it was not asked. */
  readonly answers: readonly (RecordedAnswer | undefined)[];
}

export interface RecordedAnswer {
  /** Empty: none could be read of the answer; undefined: it is not known what it was. */
  readonly key: string | undefined;
  /** From 0, wrong, to 1, right. */
  readonly right: number;
  /** Undefined: the set does not say how long it was. */
  readonly out_tokens: number | undefined;
}

/** What a model costs, in USD for a million tokens. */
export interface ModelPrice {
  readonly in_usd_per_mtok: number;
  readonly out_usd_per_mtok: number;
}

export interface RouteSet {
  readonly models: readonly string[];
  /** For each model the prompts that it was asked. */
  readonly covered: readonly number[];
  readonly prompts: readonly RoutePrompt[];
  /** Where the set brings its own. */
  readonly prices: ReadonlyMap<string, ModelPrice> | undefined;
  /** Prompts that the set itself names as known to those who were trained, which are left out. */
  readonly contaminated: number;
}

/** A form that a data set may have, told by the files of its folder. */
export interface Layout {
  readonly name: string;
  /** Files that make it this one, for people. */
  readonly looks_for: string;
  /** Sets that a folder holds, the first where none is named; empty: it is one set. */
  sets(folder: string): readonly string[];
  /** `folder` is there, and is one. */
  fits(folder: string): boolean;
  read(folder: string, set: string): Promise<RouteSet>;
}

/** Answers that are held at once, over all prompts and models. */
export const ANSWERS_MAX = 5_000_000;
/** Characters of all prompts together. */
export const TEXT_CHARS_MAX = 268_435_456;
/** Four characters are taken for a token. */
export const CHARS_PER_TOKEN = 4;
