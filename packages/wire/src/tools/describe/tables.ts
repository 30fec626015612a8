import { CONTENT_OPTIONAL, CONTENTS, PAYLOAD_TYPES } from '../../fields/content-fields.ts';
import { FRAME, PAYLOAD, SIGNED_TOGETHER } from '../../fields/frame-fields.ts';
import type { Field, Shape, Spec } from '../../fields/spec.ts';
import { WIRE_ERRORS } from '../../errors.ts';
import { REASSEMBLY_LIMITS } from '../../fragment/policy.ts';
import { DEFAULT_QOS, DEFAULT_TTL, FLAGS, PROTOCOL_MAJOR } from '../../frame.ts';
import { FRAME_FAULTS } from '../../frame-error.ts';
import { WIRE_LIMITS } from '../../limits.ts';

export interface RangeTable {
  readonly kind: 'int' | 'number';
  readonly min: number;
  readonly max: number;
}

export interface TextTable {
  readonly kind: 'text';
  readonly min: number;
  readonly max: number;
  readonly pattern?: string;
}

export interface ManyTable {
  readonly kind: 'list' | 'record';
  readonly of: SpecTable;
  readonly max: number;
}

export interface EitherTable {
  readonly kind: 'either';
  readonly of: readonly SpecTable[];
}

/** A `Spec` as plain JSON: shapes are named instead of held, patterns are their source. */
export type SpecTable =
  | RangeTable
  | TextTable
  | ManyTable
  | EitherTable
  | { readonly kind: 'word'; readonly values: readonly string[] }
  | { readonly kind: 'object'; readonly shape: string }
  | { readonly kind: 'flag' | 'any' | 'free_object' };

export interface MemberTable {
  /** Integer key in CBOR; a member without one goes under its name. */
  readonly key?: number;
  readonly required?: true;
  /** What the absent member means, where that is a value. */
  readonly default?: number | string | readonly string[];
  readonly spec: SpecTable;
  readonly doc: string;
}

export interface ShapeTable {
  readonly doc: string;
  readonly members: Readonly<Record<string, MemberTable>>;
}

/** What a payload of a type has to hold. */
export interface PayloadTable {
  /** Shape of the content; absent where any content goes. */
  readonly content?: string;
  /** The content has to be there. */
  readonly required?: true;
  /** Members of the payload that have to be there. */
  readonly requires?: readonly string[];
}

/**
 * Everything that one edition of the wire says of the form of frames, as plain JSON: `docs/protocol/schemas/fields.json`.
 * Two editions are compared by it, and code in other languages can be made from it.
 */
export interface FieldTables {
  /** Of this description itself. */
  readonly format: 1;
  readonly major: number;
  /** Most bytes, levels and items of a frame; most fragments and bytes of a message. */
  readonly limits: Readonly<Record<string, number>>;
  readonly flags: readonly string[];
  readonly errors: readonly string[];
  readonly faults: readonly string[];
  /** A frame with the first member has the others too. */
  readonly together: readonly string[];
  readonly shapes: Readonly<Record<string, ShapeTable>>;
  readonly payloads: Readonly<Record<string, PayloadTable>>;
}

/** What absent members of the frame mean (W4). */
const DEFAULTS: Readonly<Record<string, MemberTable['default']>> = {
  frag_seq: 0,
  flags: [],
  qos: DEFAULT_QOS,
  ttl: DEFAULT_TTL,
};

/** What the payload beside its content needs, by type (W18). */
const REQUIRES: Readonly<Record<string, readonly string[]>> = { 'agent.result.provisional': ['expiry_ms'] };

/** The description of this edition, made from the tables that the codecs use. */
export function fieldTables(): FieldTables {
  const shapes = new Map<string, ShapeTable>();
  describe(FRAME, shapes, DEFAULTS);
  describe(PAYLOAD, shapes);
  const payloads = PAYLOAD_TYPES.map((type): [string, PayloadTable] => {
    const shape = CONTENTS[type];
    if (shape !== undefined) describe(shape, shapes);
    const requires = REQUIRES[type];
    return [
      type,
      {
        ...(shape && { content: shape.id }),
        ...(shape && !CONTENT_OPTIONAL.has(type) && { required: true }),
        ...(requires && { requires }),
      },
    ];
  });
  return {
    format: 1,
    major: PROTOCOL_MAJOR,
    limits: {
      ...WIRE_LIMITS,
      message_fragments: REASSEMBLY_LIMITS.fragments,
      message_bytes: REASSEMBLY_LIMITS.message_bytes,
    },
    flags: FLAGS,
    errors: Object.keys(WIRE_ERRORS),
    faults: Object.keys(FRAME_FAULTS),
    together: SIGNED_TOGETHER,
    shapes: Object.fromEntries(shapes),
    payloads: Object.fromEntries(payloads),
  };
}

/** The description as the text of its file. */
export function fieldTablesText(): string {
  return `${JSON.stringify(fieldTables(), null, 2)}\n`;
}

function describe(
  { id, doc, fields }: Shape,
  shapes: Map<string, ShapeTable>,
  defaults: Readonly<Record<string, MemberTable['default']>> = {},
): void {
  if (shapes.has(id)) return;
  // The place is taken first, so that shapes stand in the order in which they are met.
  shapes.set(id, { doc, members: {} });
  const members = Object.entries(fields).map(([name, field]) => [name, member(field, shapes, defaults[name])]);
  shapes.set(id, { doc, members: Object.fromEntries(members) });
}

function member(
  { key, required, spec, doc }: Field,
  shapes: Map<string, ShapeTable>,
  absent: MemberTable['default'],
): MemberTable {
  return {
    ...(key !== undefined && { key }),
    ...(required && { required }),
    ...(absent !== undefined && { default: absent }),
    spec: specTable(spec, shapes),
    doc,
  };
}

function specTable(spec: Spec, shapes: Map<string, ShapeTable>): SpecTable {
  switch (spec.kind) {
    case 'int':
    case 'number':
      return { kind: spec.kind, min: spec.min, max: spec.max };
    case 'text':
      return { kind: 'text', min: spec.min, max: spec.max, ...(spec.pattern && { pattern: spec.pattern.source }) };
    case 'word':
      return { kind: 'word', values: spec.values };
    case 'list':
    case 'record':
      return { kind: spec.kind, of: specTable(spec.of, shapes), max: spec.max };
    case 'object':
      describe(spec.shape, shapes);
      return { kind: 'object', shape: spec.shape.id };
    case 'either':
      return { kind: 'either', of: spec.of.map((one) => specTable(one, shapes)) };
    case 'flag':
    case 'any':
    case 'free_object':
      return { kind: spec.kind };
  }
}
