import { CONTENT_OPTIONAL, CONTENTS, PAYLOAD_TYPES } from '../fields/content-fields.ts';
import { FRAME, SIGNED_TOGETHER } from '../fields/frame-fields.ts';
import type { Field, Shape, Spec } from '../fields/spec.ts';
import { INT_MAX, WIRE_LIMITS } from '../limits.ts';
import { BYTES_MARK } from '../value.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const BASE64URL = '[A-Za-z0-9_-]';
const BYTES_PATTERN = `^(?:${BASE64URL}{4})*(?:${BASE64URL}[AQgw]|${BASE64URL}{2}[AEIMQUYcgkosw048])?$`;

const ref = (id: string): JsonSchema => ({ $ref: `#/$defs/${id}` });
/** Marks no member of an object whose other members are named. */
const NO_MARK = { [BYTES_MARK]: false };

/**
 * The JSON Schema (2020-12) of frames in JSON, made from the tables of fields. What a schema cannot say is in its
 * `$comment`: the limits on size, depth and items, and that all text is valid Unicode.
 */
export function frameSchema(): JsonSchema {
  const shapes = new Map<string, JsonSchema>();
  const frame = objectSchema(FRAME, shapes);
  for (const type of PAYLOAD_TYPES) if (CONTENTS[type] !== undefined) define(CONTENTS[type], shapes);
  const { frame_bytes, depth, items } = WIRE_LIMITS;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:atp:frame:1',
    title: 'ATP frame, major 1',
    $comment: `Not expressed here: at most ${frame_bytes} bytes, ${depth} levels, ${items} members and elements; no half surrogate pairs; of equal names the last counts.`,
    ...frame,
    dependentRequired: { [SIGNED_TOGETHER[0]]: SIGNED_TOGETHER.slice(1) },
    if: FRAGMENT,
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: { properties: { payload: PIECE } },
    else: { properties: { payload: ref('whole') } },
    $defs: {
      value: VALUE,
      bytes: BYTES,
      free_object: FREE_OBJECT,
      whole: wholePayload(),
      ...Object.fromEntries([...shapes].sort(([left], [right]) => (left < right ? -1 : 1))),
    },
  };
}

/** Anything that may stand in a free place. */
const VALUE: JsonSchema = {
  anyOf: [
    { type: ['string', 'boolean', 'null'] },
    { type: 'number', minimum: -INT_MAX, maximum: INT_MAX },
    { type: 'array', items: ref('value') },
    ref('bytes'),
    ref('free_object'),
  ],
};

const BYTES: JsonSchema = {
  description: 'Bytes, as strict unpadded base64url.',
  type: 'object',
  properties: { [BYTES_MARK]: { type: 'string', pattern: BYTES_PATTERN } },
  required: [BYTES_MARK],
  additionalProperties: false,
};

const FREE_OBJECT: JsonSchema = { type: 'object', properties: NO_MARK, additionalProperties: ref('value') };

const withFlag = (flags: JsonSchema): JsonSchema => ({ required: ['flags'], properties: { flags } });
const has = (flag: string): JsonSchema => ({ contains: { const: flag } });

const FRAGMENT: JsonSchema = {
  anyOf: [
    { required: ['frag_seq'], properties: { frag_seq: { minimum: 1 } } },
    withFlag(has('MORE')),
    withFlag({ allOf: [has('FRAG'), { not: has('LAST') }] }),
  ],
};

const PIECE: JsonSchema = {
  description: 'Payload of a fragment.',
  properties: { content: { anyOf: [{ type: 'string' }, ref('bytes')] } },
  required: ['content', 'checksum'],
};

/** What the type of a whole message asks of its payload. */
function wholePayload(): JsonSchema {
  const conditions = PAYLOAD_TYPES.flatMap((type) => {
    const shape = CONTENTS[type];
    if (shape === undefined) return [];
    const required = CONTENT_OPTIONAL.has(type) ? {} : { required: ['content'] };
    return [whenType(type, { properties: { content: ref(shape.id) }, ...required })];
  });
  return {
    description: 'Payload of a message that is not cut into fragments.',
    allOf: [whenType('agent.result.provisional', { required: ['expiry_ms'] }), ...conditions],
  };
}

function whenType(type: string, then: JsonSchema): JsonSchema {
  return { if: { properties: { type: { const: type } }, required: ['type'] }, then };
}

function objectSchema({ doc, fields }: Shape, shapes: Map<string, JsonSchema>): JsonSchema {
  const properties = Object.entries(fields).map(([name, field]) => [name, fieldSchema(field, shapes)]);
  const required = Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : []));
  return {
    description: doc,
    type: 'object',
    properties: { ...Object.fromEntries(properties), ...NO_MARK },
    ...(required.length > 0 && { required }),
    additionalProperties: ref('value'),
  };
}

/** Puts a shape and those within it under `$defs`. */
function define(shape: Shape, shapes: Map<string, JsonSchema>): JsonSchema {
  if (!shapes.has(shape.id)) {
    // The place is taken first, so that definitions stand in the order in which they are met.
    shapes.set(shape.id, {});
    shapes.set(shape.id, objectSchema(shape, shapes));
  }
  return ref(shape.id);
}

function fieldSchema({ spec, doc, key }: Field, shapes: Map<string, JsonSchema>): JsonSchema {
  return {
    description: doc,
    ...(key !== undefined && { $comment: `CBOR key ${key}` }),
    ...specSchema(spec, shapes),
  };
}

function specSchema(spec: Spec, shapes: Map<string, JsonSchema>): JsonSchema {
  switch (spec.kind) {
    case 'int':
      return spec.min === spec.max ? { const: spec.min } : { type: 'integer', minimum: spec.min, maximum: spec.max };
    case 'number':
      return { type: 'number', minimum: spec.min, maximum: spec.max };
    case 'text':
      return {
        type: 'string',
        minLength: spec.min,
        maxLength: spec.max,
        ...(spec.pattern && { pattern: spec.pattern.source }),
      };
    case 'word':
      return { enum: spec.values };
    case 'flag':
      return { type: 'boolean' };
    case 'list':
      return { type: 'array', items: specSchema(spec.of, shapes), maxItems: spec.max };
    case 'record':
      return {
        type: 'object',
        properties: NO_MARK,
        additionalProperties: specSchema(spec.of, shapes),
        maxProperties: spec.max,
      };
    case 'object':
      return define(spec.shape, shapes);
    case 'either':
      return { anyOf: spec.of.map((one) => specSchema(one, shapes)) };
    case 'any':
      return ref('value');
    case 'free_object':
      return ref('free_object');
  }
}
