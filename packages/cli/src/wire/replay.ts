import { checkTrace, type Finding, textOf, type Trace } from '@atp-router/wire/tools';
import type { Cli } from '../commands/context.ts';
import { EXIT } from '../exit.ts';
import { json } from '../print/table.ts';
import { count, printable } from '../print/text.ts';
import { readBytes } from '../read-file.ts';
import { traceOf } from './diff.ts';
import { digests } from './sign.ts';

export interface ReplayOptions {
  readonly json?: boolean;
  readonly print?: boolean;
}

/** Judges a trace by the rules that need no live peer; 1 when it breaks one. */
export async function replay(cli: Cli, file: string, options: ReplayOptions): Promise<void> {
  const trace = traceOf(await readBytes(file, cli.terminal), file === '-' ? 'the input' : file);
  const report = checkTrace(trace, digests);
  const errors = report.findings.filter(({ level }) => level === 'error').length;
  if (options.json === true) {
    cli.terminal.out(json({ ok: errors === 0, ...report }));
  } else {
    const { frames, sessions, findings } = report;
    if (options.print === true) cli.terminal.out(printed(trace, findings));
    else cli.terminal.out(findings.map((finding) => `line ${finding.line}: ${findingText(finding)}\n`).join(''));
    const verdict = `${count(errors, 'error')}, ${count(findings.length - errors, 'note')}`;
    cli.terminal.out(`${count(frames, 'frame')} in ${count(sessions, 'session')}: ${verdict}.\n`);
  }
  if (errors > 0) cli.exit(EXIT.failed);
}

/** One line a frame, and below it what was found of it. */
function printed({ records }: Trace, findings: readonly Finding[]): string {
  const by_line = Map.groupBy(findings, ({ line }) => line);
  return records
    .map((record) => {
      const { t_ms, conn, encoding, bytes } = record.entry;
      const size = bytes === undefined ? encoding : `${encoding}, ${bytes} bytes`;
      const head = `${String(t_ms).padStart(8)} ms  ${printable(conn)}  ${printable(textOf(record))}  (${size})\n`;
      const found = (by_line.get(record.line) ?? []).map((finding) => `             ${findingText(finding)}\n`);
      return `${head}${found.join('')}`;
    })
    .join('');
}

function findingText({ rule, level, message }: Finding): string {
  return `${level === 'note' ? 'note, ' : ''}${rule}: ${printable(message)}`;
}
