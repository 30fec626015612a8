import { type Column, isRow, type Row, rowsOf, table } from '../print/table.ts';
import { printable, shown } from '../print/text.ts';

const STANDINGS: readonly Column[] = [
  ['MODEL', 'id'],
  ['PROVIDER', 'provider'],
  ['UPSTREAM MODEL', 'upstream_model'],
  ['CONTEXT', 'context'],
  ['SOURCE', 'source'],
  ['STATUS', 'status'],
  ['SINCE', (row) => time(row['since_ms'])],
  ['WHY', (row) => (row['cause'] === null ? 'as configured' : told(row['cause']))],
  ['MANIFEST', (row) => told(part(row, 'manifest')['state'])],
  ['RULES', (row) => verdict(part(row, 'verdict'))],
];

const MOVES: readonly Column[] = [
  ['AT', (row) => time(row['at_ms'])],
  ['FROM', 'from'],
  ['TO', 'to'],
  ['CAUSE', 'cause'],
  ['BY', 'by'],
  ['NUMBERS', (row) => numbers(part(row, 'numbers'))],
  ['NOTE', 'note'],
];

const CUSTODY: readonly Column[] = [
  ['AT', (row) => time(row['at_ms'])],
  ['STEP', 'step'],
  ['MANIFEST', (row) => (typeof row['manifest_hash'] === 'string' ? row['manifest_hash'].slice(0, 12) : '-')],
  ['BY', 'by'],
  ['NOTE', 'note'],
];

const EXPERIMENTS: readonly Column[] = [
  ['CHALLENGER', 'challenger'],
  ['CHAMPION', 'champion'],
  ['PAIRS', 'samples'],
  ['QUALITY', (row) => test(part(row, 'quality'))],
  ['FASTER', (row) => test(part(row, 'latency'))],
  ['CHEAPER', (row) => test(part(row, 'cost'))],
];

export function standingsText(models: readonly Row[]): string {
  const experiments = models.flatMap((row) => rowsOf({ data: row['experiments'] }));
  const beside = experiments.length === 0 ? '' : `\n${table(experiments, EXPERIMENTS)}`;
  return `${table(models, STANDINGS)}${beside}`;
}

export function historyText(answer: unknown): string {
  const moves = rowsOf({ data: isRow(answer) ? answer['moves'] : [] });
  return moves.length === 0 ? 'it was not moved at run time\n' : table(moves, MOVES);
}

export function custodyText(answer: unknown): string {
  const steps = rowsOf({ data: isRow(answer) ? answer['custody'] : [] });
  return steps.length === 0 ? 'nothing is on record\n' : table(steps, CUSTODY);
}

/** One line for what was just done. */
export function standingLine(answer: unknown): string {
  const row = isRow(answer) ? answer : {};
  return `model ${told(row['id'])} is ${told(row['status'])}; ${told(part(row, 'manifest')['words'])}\n`;
}

function verdict(row: Row): string {
  const why = (row['why'] as readonly unknown[] | undefined)?.map(told).join('; ') ?? '';
  if (row['kind'] !== 'hold') return `${told(row['kind'])}: ${why}`;
  return why === '' ? 'hold' : `hold: ${why}`;
}

function test(row: Row): string {
  const { wins, losses, p } = row;
  return `${told(wins)}:${told(losses)} p ${typeof p === 'number' ? p.toPrecision(2) : '-'}`;
}

function numbers(row: Row): string {
  return Object.entries(row)
    .map(([name, value]) => `${printable(name)}=${typeof value === 'number' ? Number(value.toFixed(3)) : '-'}`)
    .join(' ');
}

function part(row: Row, name: string): Row {
  const value = row[name];
  return isRow(value) ? value : {};
}

function told(value: unknown): string {
  return printable(shown(value));
}

function time(value: unknown): string {
  return typeof value === 'number' ? new Date(value).toISOString().slice(0, 19) : '-';
}
