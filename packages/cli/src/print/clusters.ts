import { type Column, isRow, type Row, rowsOf, table } from './table.ts';
import { printable, shown } from './text.ts';

const CLUSTERS: readonly Column[] = [
  ['CLUSTER', 'id'],
  ['NAME', (row) => (row['name'] === null ? '-' : printable(shown(row['name'])))],
  ['PROMPTS', (row) => Number(row['prompts']).toFixed(0)],
  ['SHARE', (row) => digits(row['share'])],
  ['MOSTLY', (row) => (row['kind'] === null ? '-' : `${printable(shown(row['kind']))} ${digits(row['kind_share'])}`)],
  ['SINCE', (row) => new Date(Number(row['born_at_ms'])).toISOString().slice(0, 13)],
  ['REASSIGNED', (row) => digits(isRow(row['reassigned']) ? row['reassigned']['ratio'] : null)],
  ['MODELS', (row) => modelsOn(row['models'])],
];

/** Clusters of prompts as `atp route clusters` shows them. */
export function clustersText(row: Row): string {
  const changes = Object.entries(isRow(row['changes']) ? row['changes'] : {});
  const { checked, ratio } = isRow(row['reassigned']) ? row['reassigned'] : {};
  return [
    table(rowsOf({ data: row['data'] }), CLUSTERS),
    `\n${changes.map(([name, count]) => `${printable(name)} ${shown(count)}`).join(', ')}`,
    `; of ${shown(checked)} prompts that were assigned again, ${digits(ratio)} went elsewhere\n`,
  ].join('');
}

/** The three that are right most often. */
function modelsOn(models: unknown): string {
  const rows = [...rowsOf({ data: models })].sort((a, b) => Number(b['right']) - Number(a['right']));
  return rows.length === 0
    ? '-'
    : rows
        .slice(0, 3)
        .map((row) => `${printable(shown(row['model']))} ${digits(row['right'])}`)
        .join(', ');
}

function digits(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : '-';
}
