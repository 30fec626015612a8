import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The part of JSON Schema that the configuration uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: false | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly writeOnly?: true;
  readonly expected?: string;
  readonly restart?: true;
}

/** The schema as a tree, with the notes that only messages and the reference table use. */
export function schemaTree(): SchemaNode {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' }) as SchemaNode;
}

/**
 * JSON Schema (draft 2020-12) of `atp.yaml` for editors, as a fresh plain object. Secrets are marked `writeOnly`. It is
 * of the file as written: wherever the check looks at what `${…}` stands for, the reference is right too.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      // Strict validators refuse words that the draft does not know.
      delete jsonSchema['expected'];
      delete jsonSchema['restart'];
    },
  });
  const { $schema, ...rest } = schema;
  return { $schema, title: 'ATP Router configuration', ...asWritten(rest as SchemaNode) };
}

/** Text with `${NAME}` or `${file:path}` in it; `$${` is no reference. The same language as in `substitute.ts`. */
const REFERENCE: SchemaNode = {
  type: 'string',
  pattern: '(^|[^$])\\$\\{([A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\\}',
};

/** The schema of what may be written where the value has to fit `node`. */
function asWritten(node: SchemaNode): SchemaNode {
  if (isLimited(node)) {
    // Outside of the branches these are what editors show, whichever branch fits.
    const { description, default: fallback, writeOnly, ...value } = node;
    const notes = { description, default: fallback, writeOnly };
    const said = Object.entries(notes).filter(([, note]) => note !== undefined);
    return { ...Object.fromEntries(said), anyOf: [value, REFERENCE] };
  }
  const { properties, additionalProperties: more, items, anyOf } = node;
  return {
    ...node,
    ...(properties === undefined ? {} : { properties: each(properties) }),
    ...(typeof more === 'object' ? { additionalProperties: asWritten(more) } : {}),
    ...(items === undefined ? {} : { items: asWritten(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(asWritten) }),
  };
}

function each(properties: Readonly<Record<string, SchemaNode>>): Record<string, SchemaNode> {
  return Object.fromEntries(Object.entries(properties).map(([key, node]) => [key, asWritten(node)]));
}

/** Whether a reference, which is text, may not fit as it stands. */
function isLimited({ type, enum: words, pattern }: SchemaNode): boolean {
  const other = type === 'integer' || type === 'number' || type === 'boolean';
  return other || words !== undefined || pattern !== undefined;
}
