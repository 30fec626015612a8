import type { Field, FieldName } from './match.ts';

/** What a field is when a match is read. */
export interface FieldTraits {
  /** Words of a closed scale, least first: comparisons mean their places. */
  readonly order?: readonly string[];
  /** Other words than those of the scale are refused. */
  readonly closed?: true;
  /** A list of values without `any`, `all` or `none` means each of them. */
  readonly wants_all?: true;
  /** Case does not matter: both sides are in lower case. */
  readonly lower?: true;
  /** Comparisons are of numbers; `only`: nothing else is a value of it. */
  readonly numbers?: 'too' | 'only';
}

const RISKS: readonly string[] = ['low', 'medium', 'high', 'critical'];
const TIERS: readonly string[] = ['bronze', 'silver', 'gold'];

const OWN: Readonly<Record<FieldName, FieldTraits>> = {
  task_type: {},
  qos: { order: TIERS, closed: true },
  data_scope: {},
  model: {},
  tenant: {},
  risk: { order: RISKS, lower: true },
  languages: { lower: true },
  diff_loc: { numbers: 'only' },
  tool_permissions: { wants_all: true },
  security_groups: {},
};

const FACT: FieldTraits = { numbers: 'too' };

export const FIELD_NAMES: readonly FieldName[] = Object.keys(OWN) as FieldName[];

export function traitsOf(field: Field): FieldTraits {
  return field.kind === 'own' ? OWN[field.name] : FACT;
}

export function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(OWN, name);
}

/** As people write it: `risk`, `facts.files`. */
export function fieldText(field: Field): string {
  return field.kind === 'own' ? field.name : `facts.${field.name}`;
}

/** Two fields are one: a fact of this name is what the field of this name reads. */
export function sameField(a: Field, b: Field): boolean {
  return a.kind === b.kind && a.name === b.name;
}
