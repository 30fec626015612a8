import type { Command } from 'commander';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, fields, isRow, type Row, rowsOf, table } from '../print/table.ts';
import { shown, usd } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const CALLS: readonly Column[] = [
  ['CALL', 'call_id'],
  ['TENANT', 'tenant'],
  ['MODEL', (row) => shown(row['model'] ?? row['requested_model'])],
  ['PROVIDER', 'provider'],
  ['AGE MS', 'age_ms'],
  ['TOKENS', 'out_tokens'],
];

const TENANTS: readonly Column[] = [
  ['TENANT', 'tenant'],
  ['IN FLIGHT', (row) => shown(part(row, 'outstanding')['calls'])],
  ['OF', (row) => shown(part(row, 'limits')['max_parallel'])],
  ['CALLS TODAY', (row) => shown(part(row, 'used')['calls'])],
  ['TOKENS TODAY', (row) => shown(part(row, 'used')['tokens'])],
  ['COST TODAY', (row) => usd(part(row, 'used')['usd_micros'])],
  ['LEFT TODAY', (row) => usd(part(row, 'remaining')['budget_usd_micros'])],
  ['STOPPED', 'killed'],
];

const PROVIDERS: readonly Column[] = [
  ['PROVIDER', 'provider'],
  ['IN FLIGHT', 'in_flight'],
  ['WAITING', 'waiting'],
  ['STOPPED', 'killed'],
];

const TARGETS: readonly Column[] = [
  ['PROVIDER', 'provider'],
  ['MODEL', 'model'],
  ['BREAKER', 'breaker'],
  ['READY', 'ready'],
  ['IN FLIGHT', 'in_flight'],
  ['WAITING', 'waiting'],
  ['STOPPED', 'killed'],
];

/** Adds `status` and `live`: what the router is, and what it is doing. */
export function addStatus(program: Command, cli: Cli): void {
  online(program.command('status'))
    .description('version, generation, journal and store of a running router')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('status'));
        show(cli, options, answer, () => fields(answer));
      }),
    );
  online(program.command('live'))
    .description('calls in flight, windows of tenants, state of providers and models')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('live'));
        show(cli, options, answer, () => live(answer));
      }),
    );
}

function live(answer: unknown): string {
  if (!isRow(answer)) return fields(answer);
  const { calls, providers, targets, tenants, calls_total } = answer;
  return [
    `CALLS IN FLIGHT: ${shown(calls_total)}\n${table(rowsOf(calls), CALLS)}`,
    `PROVIDERS\n${table(rowsOf(providers), PROVIDERS)}`,
    `MODELS\n${table(rowsOf(targets), TARGETS)}`,
    `TENANTS\n${table(rowsOf(tenants), TENANTS)}`,
  ].join('\n');
}

function part(row: Row, name: string): Row {
  const value = row[name];
  return isRow(value) ? value : {};
}
