import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConformanceOptions } from '../conformance/run.ts';
import { type Cli, integer } from './context.ts';

const LEVELS: readonly string[] = ['L1', 'L2', 'L3'];

export function addConformance(program: Command, cli: Cli): void {
  program
    .command('conformance')
    .description('whether a server keeps the Agent Transport Protocol')
    .command('run')
    .description('judge a server from outside, sentence by sentence; exit 1 when it breaks one')
    .requiredOption('--url <url>', 'the server, ws:// or wss://')
    .option('--key <key>', 'key of a tenant (ATP_API_KEY)')
    .option('--agent-key <key>', 'key to dial in with as an agent, of the same tenant (ATP_AGENT_KEY)')
    .option('--other-key <key>', 'key of another tenant, which agents must not serve (ATP_OTHER_KEY)')
    .addOption(new Option('--level <level>', 'sentences of this level only').choices(LEVELS))
    .option('--only <ids>', 'these sentences only, as S17,W23', ids)
    .option('--slow', 'also what takes the long timers of the server: up to two minutes')
    .option('--patience <ms>', 'how long to wait for what must come (default: 5000)', integer(100, 600_000))
    .option('--task <json>', 'what a dispatch asks for', object)
    .option('--sign-key-file <file>', 'secrets to sign with, as JSON with kid and secret')
    .option('--report <file>', 'write the report to a file, as JSON')
    .option('--json', 'the report as JSON')
    .action(async (options: ConformanceOptions) => (await import('../conformance/run.ts')).conformance(cli, options));
}

function ids(text: string): readonly string[] {
  const list = text.split(',').map((id) => id.trim());
  if (list.every((id) => /^[WSTA]\d+$/.test(id))) return list;
  throw new InvalidArgumentError('It must be numbers of sentences, as S17,W23.');
}

function object(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be an object in JSON.');
}
