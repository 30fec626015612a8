import { FRAME } from '../fields/frame-fields.ts';
import type { Shape } from '../fields/spec.ts';

/** The integer keys of one of the protocol's own objects. Made from the tables in `fields`, which are their one place. */
export interface KeyTable {
  /** Name by key: keys count up from 0 without gaps, and are below 24, so that each is one byte. */
  readonly names: readonly string[];
  readonly keys: ReadonlyMap<string, number>;
  /** Table of the object under a key; absent where the value has no keys of its own. */
  readonly nested: readonly (KeyTable | undefined)[];
}

export const FRAME_KEYS: KeyTable = tableOf(FRAME);

function tableOf({ fields }: Shape): KeyTable {
  const keyed = Object.entries(fields)
    .flatMap(([name, { key, spec }]) => (key === undefined ? [] : [{ name, key, spec }]))
    .sort((a, b) => a.key - b.key);
  return {
    names: keyed.map(({ name }) => name),
    keys: new Map(keyed.map(({ name, key }) => [name, key])),
    nested: keyed.map(({ spec }) => (spec.kind === 'object' ? tableOf(spec.shape) : undefined)),
  };
}
