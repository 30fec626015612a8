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
  readonly level?: Level;
  readonly only?: readonly string[];
  readonly slow?: boolean;
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
  const reached = await reach(target);
  const { url, key } = target;
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
      const whom = key === undefined ? 'a client without a key' : 'this key';
      const what = `${printable(url)} refuses ${whom} (${reached.why})`;
      throw new CliError(EXIT.denied, `${what}. Give a key of one of its tenants with --key or ATP_API_KEY.`);
    }
  }
}

async function targetOf(options: ConformanceOptions, terminal: Terminal): Promise<Target> {
  const { url, task, slow, signKeyFile } = options;
  const parsed = URL.parse(url);
  if (parsed === null || !/^wss?:$/.test(parsed.protocol)) {
    throw new CliError(EXIT.usage, `--url is no ws:// or wss:// address. Write it like ${URL_EXAMPLE}.`);
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '') {
    throw new CliError(EXIT.usage, '--url has more than host, port and path. Give the key with --key or ATP_API_KEY.');
  }
  const { ATP_API_KEY } = terminal.env;
  const key = options.key ?? (ATP_API_KEY === '' ? undefined : ATP_API_KEY);
  const where = options.key === undefined ? 'ATP_API_KEY' : '--key';
  const secrets = signKeyFile === undefined ? [] : await listKeys({ keyFile: signKeyFile }, undefined, terminal);
  return {
    url,
    ...(key !== undefined && { key: checkedKey(key, where) }),
    ...(task && { task }),
    ...(slow && { slow }),
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
