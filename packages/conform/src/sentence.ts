import type { Level } from './model.ts';
import type { Probe } from './probe/probe.ts';

/** Judges one sentence from outside. Returns when it holds; throws `Failed` or `Skipped` otherwise. */
export type Judge = (probe: Probe) => Promise<void>;

/** One normative sentence of `docs/protocol`, and how it is judged. */
export type Sentence = {
  readonly id: string;
  readonly level: Level;
  readonly title: string;
} & ({ readonly judge: Judge } | { readonly not_observable: string });
