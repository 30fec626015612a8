import { expectation } from './describe.ts';
import { futureKeys } from './future-keys.ts';
import { type SchemaNode, schemaTree } from './json-schema.ts';

/** One documented key, for example `providers[].retry.max_attempts`. */
export interface ReferenceRow {
  readonly path: string;
  readonly allowed: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** Every key of the configuration in the order of the schema. */
export function referenceRows(): ReferenceRow[] {
  return children(schemaTree(), '');
}

/** The reference as Markdown, for `docs/operations/configuration.md`. */
export function configReference(): string {
  const rows = referenceRows().map(
    (row) => `| \`${row.path}\` | ${cell(row.allowed)} | ${cell(row.fallback)} | ${cell(row.meaning)} |`,
  );
  const future = futureKeys().map(
    (entry) =>
      `| ${entry.path === '' ? '(top level)' : `\`${entry.path}\``} | ${entry.words.map((word) => `\`${word}\``).join(', ')} |`,
  );
  return [
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
    '### Refused by name',
    '',
    'These are planned and do nothing yet. They are refused as "not supported by this version" rather than ignored.',
    '',
    '| in | keys or values |',
    '|---|---|',
    ...future,
  ].join('\n');
}

function children(node: SchemaNode, path: string): ReferenceRow[] {
  const required = new Set(node.required ?? []);
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const own = path === '' ? key : `${path}.${key}`;
    return [row(own, child, required.has(key)), ...below(child, own)];
  });
}

function below(node: SchemaNode, path: string): ReferenceRow[] {
  if (node.properties !== undefined) return children(node, path);
  return node.items?.properties === undefined ? [] : children(node.items, `${path}[]`);
}

function row(path: string, node: SchemaNode, required: boolean): ReferenceRow {
  const marks = [node.writeOnly === true ? 'Secret.' : '', node.restart === true ? 'Read at start only.' : ''];
  const { default: fallback } = node;
  const plain = fallback !== undefined && JSON.stringify(fallback) !== '{}';
  return {
    path,
    allowed: allowed(node),
    fallback: required
      ? '**required**'
      : plain
        ? `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``
        : '',
    meaning: [node.description ?? '', ...marks].filter((text) => text !== '').join(' '),
  };
}

function allowed(node: SchemaNode): string {
  if (node.properties !== undefined) return 'mapping';
  if (node.items === undefined) return expectation(node);
  const entries = node.items.properties === undefined ? `, each ${expectation(node.items)}` : ' (mappings)';
  return `${expectation(node)}${entries}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
