import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Level,
  reach,
  type Report,
  type Result,
  runConformance,
  SENTENCES,
  type Target,
} from '@atp-router/conform';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { checkedKey } from '../online/target.ts';
import { json } from '../print/table.ts';
import { printable } from '../print/text.ts';
import type { Terminal } from '../terminal.ts';
import { listKeys } from '../wire/keys.ts';

const URL_EXAMPLE = 'ws://127.0.0.1:7443/ws';

export interface ConformanceOptions {
  readonly url: string;
  readonly key?: string;
  readonly agentKey?: string;
  readonly otherKey?: string;
  readonly level?: Level;
  readonly only?: readonly string[];
  readonly slow?: boolean;
  readonly patience?: number;
  readonly task?: Readonly<Record<string, unknown>>;
  readonly signKeyFile?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** Judges a server and prints the verdicts; 1 when it breaks a sentence. Throws when there is none to judge. */
export async function conformance(cli: Cli, options: ConformanceOptions): Promise<void> {
  const { terminal } = cli;
  const { level, only, json: as_json = false } = options;
  const unknown = (only ?? []).filter((id) => SENTENCES.every((one) => one.id !== id));
  if (unknown.length > 0) throw new CliError(EXIT.usage, `there is no sentence ${unknown.join(', ')}.`);
  const target = await targetOf(options, terminal);
  await assertThere(target);
  const report = await runConformance(target, {
    ...(level && { level }),
    ...(only && { only }),
    ...(!as_json && { onResult: (result: Result) => terminal.out(lineOf(result)) }),
  });
  if (options.report !== undefined) write(options.report, report, terminal);
  terminal.out(as_json ? json(report) : summaryOf(report));
  if (report.failed > 0) cli.exit(EXIT.failed);
}

/** A wrong address, or a key that is refused, is one line, and not a failure of each sentence. */
async function assertThere(target: Target): Promise<void> {
  for (const [member, , flag, variable] of KEYS) {
    const { [member]: key } = target;
    if (member === 'key' || key !== undefined) await assertTaken(target, key, `${flag} or ${variable}`);
  }
}

async function assertTaken(target: Target, key: string | undefined, where: string): Promise<void> {
  const { url } = target;
  const reached = await reach(target, key);
  switch (reached.type) {
    case 'there':
      return;
    case 'unreachable': {
      const what = `no server answers at ${printable(url)} (${printable(reached.why)})`;
      throw new CliError(EXIT.unreachable, `${what}. Start it, or say where it is with --url.`);
    }
    case 'no_server': {
      const what = `${printable(url)} is no server of the Agent Transport Protocol: ${reached.why}`;
      throw new CliError(EXIT.unreachable, `${what}. Say where one is with --url, like ${URL_EXAMPLE}.`);
    }
    case 'denied': {
      const whom = key === undefined ? 'a client without a key' : `the key of ${where}`;
      const what = `${printable(url)} refuses ${whom} (${reached.why})`;
      throw new CliError(EXIT.denied, `${what}. Give a key of one of its tenants with ${where}.`);
    }
  }
}

/** A member of the target, the option that has it, and the variable. */
type Key = readonly [
  member: 'key' | 'agent_key' | 'other_key',
  option: 'key' | 'agentKey' | 'otherKey',
  flag: string,
  variable: string,
];

const KEYS: readonly Key[] = [
  ['key', 'key', '--key', 'ATP_API_KEY'],
  ['agent_key', 'agentKey', '--agent-key', 'ATP_AGENT_KEY'],
  ['other_key', 'otherKey', '--other-key', 'ATP_OTHER_KEY'],
];

function given(
  [member, option, flag, variable]: Key,
  options: ConformanceOptions,
  terminal: Terminal,
): [string, string][] {
  const { [variable]: from_env } = terminal.env;
  const key = options[option] ?? (from_env === '' ? undefined : from_env);
  return key === undefined ? [] : [[member, checkedKey(key, options[option] === undefined ? variable : flag)]];
}

async function targetOf(options: ConformanceOptions, terminal: Terminal): Promise<Target> {
  const { url, task, slow, patience, signKeyFile } = options;
  const parsed = URL.parse(url);
  if (parsed === null || !/^wss?:$/.test(parsed.protocol)) {
    throw new CliError(EXIT.usage, `--url is no ws:// or wss:// address. Write it like ${URL_EXAMPLE}.`);
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '') {
    throw new CliError(EXIT.usage, '--url has more than host, port and path. Give the key with --key or ATP_API_KEY.');
  }
  const keys = Object.fromEntries(KEYS.flatMap((one) => given(one, options, terminal)));
  const secrets = signKeyFile === undefined ? [] : await listKeys({ keyFile: signKeyFile }, undefined, terminal);
  return {
    url,
    ...keys,
    ...(task && { task }),
    ...(slow && { slow }),
    ...(patience !== undefined && { patience_ms: patience }),
    ...(secrets.length > 0 && { signing: secrets }),
  };
}

function write(file: string, report: Report, terminal: Terminal): void {
  try {
    writeFileSync(resolve(terminal.cwd, file), json(report));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new CliError(EXIT.usage, `${printable(file)} cannot be written: ${code}.`);
  }
}

function lineOf(result: Result): string {
  const head = `${result.verdict.replace('_', ' ').padEnd(14)}  ${result.level}  ${result.id.padEnd(4)}  `;
  switch (result.verdict) {
    case 'passed':
      return `${head}${result.title}\n`;
    case 'skipped':
    case 'not_observable':
      return `${head}${printable(result.reason)}\n`;
    case 'failed': {
      const frames = result.transcript.map((line) => `      ${printable(line)}\n`).join('');
      return `${head}${result.title}\n    expected ${printable(result.expected)}\n    seen ${printable(result.seen)}\n${frames}`;
    }
  }
}

function summaryOf({ passed, failed, skipped, not_observable }: Report): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped, ${not_observable} not observable\n`;
}
