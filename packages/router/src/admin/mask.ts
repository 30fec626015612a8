import { configJsonSchema } from '@atp-router/adapters';
import { isJsonObject } from '@atp-router/kernel';
import { once } from '../once.ts';

/** Stands in place of every secret. */
export const MASK = '***';

/**
 * A value of the configuration without secrets: what the schema marks `writeOnly` is replaced by `***`, and so is text
 * that the schema does not know. Keys and numbers stay.
 */
export function masked(value: unknown, schema: unknown): unknown {
  const node = isJsonObject(schema) ? schema : undefined;
  if (value === undefined || value === null) return value;
  if (node?.['writeOnly'] === true) return MASK;
  if (Array.isArray(value)) return value.map((item) => masked(item, node?.['items']));
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, child]) => child !== undefined);
    return Object.fromEntries(entries.map(([key, child]) => [key, masked(child, childOf(node, key))]));
  }
  return node === undefined && typeof value === 'string' ? MASK : value;
}

type Node = ReturnType<typeof nodeOf>;

function childOf(node: Node, key: string): unknown {
  const properties = nodeOf(node?.['properties']);
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  const more = nodeOf(node?.['additionalProperties']);
  if (more !== undefined) return more;
  const branches = node?.['anyOf'];
  if (!Array.isArray(branches)) return undefined;
  for (const branch of branches) {
    const found = childOf(nodeOf(branch), key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function nodeOf(value: unknown): { readonly [key: string]: unknown } | undefined {
  return isJsonObject(value) ? value : undefined;
}

/** The schema of the whole configuration, and of one entry of its lists. */
export interface ConfigSchemas {
  readonly whole: unknown;
  readonly providers: unknown;
  readonly models: unknown;
  readonly tenants: unknown;
}

/** Always the same; making them takes as long as much of a start of a router, so they are made once. */
export const configSchemas: () => ConfigSchemas = once(() => {
  const whole = nodeOf(configJsonSchema());
  const item = (list: string): unknown => nodeOf(nodeOf(whole?.['properties'])?.[list])?.['items'];
  return { whole, providers: item('providers'), models: item('models'), tenants: item('tenants') };
});
