/**
 * What a field may hold, as data: the one source of the published JSON Schema, of the CBOR keys and of the checks of
 * contents. The check of the frame's own fields is written by hand for speed, and tested against this.
 */
export type Spec =
  | { readonly kind: 'int'; readonly min: number; readonly max: number }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  /** `min` and `max` count Unicode code points. */
  | { readonly kind: 'text'; readonly min: number; readonly max: number; readonly pattern?: RegExp }
  | { readonly kind: 'word'; readonly values: readonly string[] }
  | { readonly kind: 'flag' }
  | { readonly kind: 'list'; readonly of: Spec; readonly max: number }
  /** Names that the sender chooses, all with values of one kind. */
  | { readonly kind: 'record'; readonly of: Spec; readonly max: number }
  | { readonly kind: 'object'; readonly shape: Shape }
  /** One of several kinds, no two of the same JSON type. */
  | { readonly kind: 'either'; readonly of: readonly Spec[] }
  | { readonly kind: 'any' }
  /** Any object. */
  | { readonly kind: 'free_object' };

export interface Field {
  readonly spec: Spec;
  readonly required?: true;
  /**
   * Integer key in CBOR, for the objects of `KEYED`. A number is given once and never again: a new field of this major
   * gets none, and goes under its name.
   */
  readonly key?: number;
  /** One sentence for the schema. */
  readonly doc: string;
}

/** An object with known members; others are allowed everywhere. */
export interface Shape {
  /** Name in the schema's `$defs`. */
  readonly id: string;
  readonly doc: string;
  readonly fields: Readonly<Record<string, Field>>;
}
