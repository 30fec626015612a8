import type { SchemaNode } from './json-schema.ts';
import type { Path } from './problem.ts';

/** The schema of the value at a path; undefined where the path leaves the schema. */
export function nodeAt(root: SchemaNode, path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const segment of path) {
    if (node === undefined) return undefined;
    node = typeof segment === 'number' ? node.items : child(node, segment);
  }
  return node;
}

function child(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  if (typeof node.additionalProperties === 'object') return node.additionalProperties;
  for (const branch of node.anyOf ?? []) {
    const found = child(branch, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True when the value is, or contains, a secret. */
export function holdsSecret(node: SchemaNode | undefined): boolean {
  if (node === undefined || node.writeOnly === true) return true;
  const parts = [...Object.values(node.properties ?? {}), ...(node.anyOf ?? [])];
  if (node.items !== undefined) parts.push(node.items);
  if (typeof node.additionalProperties === 'object') parts.push(node.additionalProperties);
  return parts.some(holdsSecret);
}

/** What a value must be, in words: the same words in problems and in the reference. */
export function expectation(node: SchemaNode | undefined): string {
  if (node === undefined) return 'a value of the documented shape';
  if (node.expected !== undefined) return node.expected;
  if (node.enum !== undefined) return `one of ${node.enum.map(String).join(', ')}`;
  switch (node.type) {
    case 'integer':
      return `an integer from ${node.minimum} to ${node.maximum}`;
    case 'number':
      return `a number from ${node.minimum} to ${node.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
    case 'array':
      return `a list of ${node.minItems ?? 0} to ${node.maxItems} entries`;
    default:
      return node.properties === undefined ? 'a mapping' : `a mapping with ${listKeys(node)}`;
  }
}

const KEYS_SHOWN_MAX = 16;

export function listKeys(node: SchemaNode): string {
  const keys = Object.keys(node.properties ?? {});
  const shown = keys.slice(0, KEYS_SHOWN_MAX).join(', ');
  return keys.length > KEYS_SHOWN_MAX ? `${shown}, …` : shown;
}

/** Why a value fits its schema or not, for a value that is known not to fit. */
export function complaint(node: SchemaNode | undefined, value: unknown): string {
  if (value === null) return 'has no value';
  const kind = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a mapping' : typeof value;
  const wanted = node?.anyOf !== undefined ? 'string' : node?.type;
  if (wanted === 'array' && kind !== 'a list') return `is ${article(kind)}, not a list`;
  if (wanted === 'object' && kind !== 'a mapping') return `is ${article(kind)}, not a mapping`;
  if (wanted === 'boolean' && kind !== 'boolean') return 'is neither true nor false';
  if (wanted === 'string' && kind !== 'string') return `is ${article(kind)}, not text`;
  if ((wanted === 'integer' || wanted === 'number') && kind !== 'number') return `is ${article(kind)}, not a number`;
  if (Array.isArray(value))
    return node?.minItems !== undefined && value.length < node.minItems ? 'is too short' : 'is too long';
  if (typeof value === 'number') return numberComplaint(node, value);
  if (typeof value === 'string') return stringComplaint(node, value);
  return 'is not valid';
}

function article(kind: string): string {
  if (kind === 'string') return 'text';
  if (kind === 'boolean') return 'true or false';
  return kind === 'number' ? 'a number' : kind;
}

function numberComplaint(node: SchemaNode | undefined, value: number): string {
  if (!Number.isFinite(value)) return 'is not a finite number';
  if (node?.minimum !== undefined && value < node.minimum)
    return value < 0 && node.minimum === 0 ? 'is negative' : 'is too small';
  if (node?.maximum !== undefined && value > node.maximum) return 'is too large';
  return node?.type === 'integer' ? 'is not a whole number' : 'is not valid';
}

function stringComplaint(node: SchemaNode | undefined, value: string): string {
  if (node?.enum !== undefined) return 'is not one of the known values';
  if (value === '') return 'is empty';
  if (node?.maxLength !== undefined && value.length > node.maxLength) return 'is too long';
  return 'has the wrong form';
}
