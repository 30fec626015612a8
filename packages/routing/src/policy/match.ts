/** Where in a match something stands, for example `['any_of', 0, 'risk']`. */
export type MatchPath = readonly (string | number)[];

/** The facts that have a name of their own in a match. */
export type FieldName =
  | 'task_type'
  | 'qos'
  | 'data_scope'
  | 'model'
  | 'tenant'
  | 'risk'
  | 'languages'
  | 'diff_loc'
  | 'tool_permissions'
  | 'security_groups';

/** What a condition is about: one of the above, or a fact that clients made up (`facts:`). */
export type Field =
  | { readonly kind: 'own'; readonly name: FieldName }
  | { readonly kind: 'fact'; readonly name: string };

/**
 * `set`: of what the field holds (one value, or several), one is in `any`, each of `all` is among it, and none of `none` is.
 * Numbers are compared in their shortest decimal form. `interval`: the field holds a number between these.
 */
export type Test =
  | {
      readonly kind: 'set';
      readonly any: ReadonlySet<string> | undefined;
      readonly all: readonly string[];
      readonly none: readonly string[];
    }
  | {
      readonly kind: 'interval';
      readonly min: number;
      readonly max: number;
      /** Whether the bound itself is inside. */
      readonly with_min: boolean;
      readonly with_max: boolean;
    };

/** One condition as it stands in the configuration. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly field: Field;
  readonly test: Test;
  /** As written, for people. */
  readonly written: string;
  readonly at: MatchPath;
}

/** A compiled match. `all` of nothing always holds. */
export type Match =
  | Leaf
  | { readonly kind: 'all' | 'any'; readonly of: readonly Match[]; readonly at: MatchPath }
  | { readonly kind: 'not'; readonly of: Match; readonly at: MatchPath };

/**
 * How deep `all_of`, `any_of` and `not` stand within each other: people do not follow more. What is deeper is refused at load,
 * so recursion over a match is bounded.
 */
export const MATCH_DEPTH_MAX = 4;
/** Conditions of one match; each is looked at for each call. */
export const MATCH_LEAVES_MAX = 64;
/** Values of one set. */
export const MATCH_VALUES_MAX = 64;
/** Characters of one value. */
export const MATCH_VALUE_CHARS_MAX = 128;

/** All leaves, in the order in which they are written. */
export function leavesOf(match: Match): readonly Leaf[] {
  switch (match.kind) {
    case 'leaf':
      return [match];
    case 'not':
      return leavesOf(match.of);
    default:
      return match.of.flatMap(leavesOf);
  }
}
