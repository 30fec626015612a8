import { isJsonObject, type JsonObject, type JsonValue } from '@atp-router/kernel';
import { escapeHtml, prose } from './html.ts';

/** Levels of nested objects that are written out; deeper ones are named only. */
const DEPTH_MAX = 4;
const ENUM_SHOWN_MAX = 40;

/** A schema as a list of its fields, or as one line when it has none. */
export function schemaHtml(schema: JsonValue | undefined, depth = 0): string {
  if (!isJsonObject(schema)) return '';
  const shape = shapeOf(schema);
  if (shape === undefined || depth >= DEPTH_MAX) return depth === 0 ? `<p>${typeHtml(schema)}</p>` : '';
  const required = new Set(Array.isArray(shape['required']) ? shape['required'] : []);
  const properties = isJsonObject(shape['properties']) ? shape['properties'] : {};
  const fields = Object.entries(properties).map(([name, field]) => fieldHtml(name, field, required.has(name), depth));
  return `<ul class="fields">${fields.join('')}</ul>`;
}

function fieldHtml(name: string, field: JsonValue | undefined, required: boolean, depth: number): string {
  if (!isJsonObject(field)) return '';
  const description = field['description'];
  const words = typeof description === 'string' ? `<span class="about">${prose(description)}</span>` : '';
  const must = required ? ' <span class="must">required</span>' : '';
  const secret = field['writeOnly'] === true ? ' <span class="must">secret</span>' : '';
  return `<li><span class="field"><code class="name">${escapeHtml(name)}</code> <span class="type">${typeHtml(field)}</span>${must}${secret}</span>${words}${schemaHtml(field, depth + 1)}</li>`;
}

/** The object whose fields are worth listing: the schema itself, what its list holds, or its one branch with fields. */
function shapeOf(schema: JsonObject): JsonObject | undefined {
  if (isJsonObject(schema['properties'])) return schema;
  const { items, anyOf } = schema;
  if (isJsonObject(items)) return shapeOf(items);
  const options = Array.isArray(anyOf) ? anyOf.filter(isJsonObject) : [];
  const branches = options.map(shapeOf).filter((branch) => branch !== undefined);
  return branches.length === 1 ? branches[0] : undefined;
}

/** The type in words, with links to named schemas, bounds and defaults. */
export function typeHtml(schema: JsonObject): string {
  const { $ref, anyOf, type, items, default: fallback } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.split('/').at(-1) ?? '';
    return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
  }
  if (Array.isArray(anyOf)) return anyOf.filter(isJsonObject).map(typeHtml).join(' or ');
  if ('const' in schema) return `<code>${escapeHtml(JSON.stringify(schema['const']))}</code>`;
  const values = schema['enum'];
  if (Array.isArray(values)) return `${enumHtml(values)}${defaultHtml(fallback)}`;
  if (type === 'array') return `list of ${isJsonObject(items) ? typeHtml(items) : 'anything'}`;
  const base = typeof type === 'string' ? type : Array.isArray(type) ? type.join(' or ') : 'anything';
  return `${escapeHtml(base)}${boundsHtml(schema)}${defaultHtml(fallback)}`;
}

function enumHtml(values: readonly JsonValue[]): string {
  const shown = values.slice(0, ENUM_SHOWN_MAX).map((value) => `<code>${escapeHtml(String(value))}</code>`);
  return shown.join(' | ') + (values.length > ENUM_SHOWN_MAX ? ' | …' : '');
}

function boundsHtml(schema: JsonObject): string {
  const { minimum, maximum, format } = schema;
  const parts: string[] = [];
  if (typeof minimum === 'number' && typeof maximum === 'number') parts.push(`${minimum} to ${maximum}`);
  else if (typeof minimum === 'number') parts.push(`from ${minimum}`);
  if (typeof format === 'string') parts.push(format);
  return parts.length === 0 ? '' : ` <span class="bounds">${escapeHtml(parts.join(', '))}</span>`;
}

function defaultHtml(value: JsonValue | undefined): string {
  const is_plain = value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value));
  return is_plain ? ` <span class="bounds">default ${escapeHtml(JSON.stringify(value))}</span>` : '';
}
