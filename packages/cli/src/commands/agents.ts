import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { type Column, cutRemark, isRow, type Row, rowsOf, table } from '../print/table.ts';
import { printable, shown } from '../print/text.ts';
import { adminPath, type Cli, online, show } from './context.ts';

const COLUMNS: readonly Column[] = [
  ['AGENT', 'adapter_id'],
  ['TENANT', 'tenant'],
  ['ID', 'id'],
  ['STATE', 'state'],
  ['STATUS', 'status'],
  ['TASKS', (row) => shown(fieldOf(row, 'in_flight', 'dispatches'))],
  ['P95 MS', (row) => shown(fieldOf(row, 'health', 'p95_ms') ?? '')],
  ['VERSION', 'version'],
  ['REASON', (row) => shown(fieldOf(row, 'compliance', 'reason') ?? '')],
];

interface CheckOptions extends OnlineOptions {
  readonly tenant?: string;
}

/** Agents that dial in: who is there, and whether they keep to the protocol. */
export function addAgents(program: Command, cli: Cli): void {
  const agents = program.command('agents').description('agents that have dialled in to the running router');
  online(agents.command('list'))
    .description('who is there, and in which state')
    .action((options: OnlineOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const answer = await api.get(adminPath('connected-agents'));
        show(cli, options, answer, () => `${table(rowsOf(answer), COLUMNS)}${cutRemark(answer)}`);
      }),
    );
  online(agents.command('check [adapter_id]'))
    .description('ask them for an estimate and one word, and say by sentence how they keep to the protocol')
    .option('--tenant <id>', 'only agents of this tenant')
    .action((adapter_id: string | undefined, options: CheckOptions) =>
      withAdmin(options, cli.terminal, async (api) => {
        const { tenant } = options;
        const wanted = { ...(adapter_id !== undefined && { adapter_id }), ...(tenant !== undefined && { tenant }) };
        const answer = await api.post(adminPath('connected-agents', 'check'), wanted);
        const rows = rowsOf(answer);
        show(cli, options, answer, () =>
          rows.length === 0 ? 'no agent is connected\n' : rows.map(checkText).join('\n'),
        );
        if (!isRow(answer) || answer['ok'] !== true) cli.exit(EXIT.failed);
      }),
    );
}

function checkText(row: Row): string {
  const sentences = (Array.isArray(row['sentences']) ? row['sentences'] : []).filter(isRow);
  const verdict = row['ok'] === true ? 'keeps to the protocol' : 'does not keep to the protocol, or does not answer';
  const head = `${printable(String(row['adapter_id']))} of ${printable(String(row['tenant']))} (${shown(row['id'])}): ${verdict}\n`;
  return `${head}${sentences.map(sentenceText).join('')}`;
}

function sentenceText({ sentence, outcome, says, detail }: Row): string {
  const more = detail === undefined ? '' : ` (${shown(detail)})`;
  return `  ${shown(sentence).padEnd(4)} ${shown(outcome).padEnd(8)} ${shown(says)}${more}\n`;
}

function fieldOf(row: Row, outer: string, inner: string): unknown {
  const value = row[outer];
  return isRow(value) ? value[inner] : undefined;
}
