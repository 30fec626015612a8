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

/** JSON Schema (draft 2020-12) of `atp.yaml` for editors, as a fresh plain object. Secrets are marked `writeOnly`. */
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
  return { $schema, title: 'ATP Router configuration', ...rest };
}
