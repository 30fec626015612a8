import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Recorder, startRecorder } from '@atp-router/conform';
import type { Cli } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { count, printable } from '../print/text.ts';
import { listenForSignals } from '../serve/signals.ts';
import type { Terminal } from '../terminal.ts';

export interface RecordOptions {
  readonly listen: string;
  readonly to: string;
  readonly out: string;
  readonly bytes?: boolean;
  readonly maxBytes: number;
  readonly json?: boolean;
}

/** Passes frames between clients and a router, and writes them as a trace until it is told to end. */
export async function record(cli: Cli, options: RecordOptions): Promise<void> {
  const { terminal } = cli;
  const { host, port } = addressOf(options.listen);
  assertTarget(options.to);
  const file = open(options.out, terminal);
  let failure: string | undefined;
  const put = (line: string): void => {
    try {
      if (failure === undefined) writeSync(file, line);
    } catch (error) {
      failure = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
      terminal.err(`atp: the trace cannot be written any more: ${failure}. Frames go on through.\n`);
    }
  };
  const signals = listenForSignals(terminal, () => process.exit(EXIT.interrupted));
  try {
    const recorder = await startRecorder({
      ...{ host, port, to: options.to, bytes_max: options.maxBytes, with_bytes: options.bytes ?? false },
      write: (line) => put(line),
      onFull: () => terminal.err(`atp: the trace has reached its limit. Frames go on through and are not recorded.\n`),
    }).catch((error: NodeJS.ErrnoException) => {
      throw new CliError(
        EXIT.usage,
        `cannot listen at ${printable(options.listen)}: ${error.code ?? 'unknown reason'}.`,
      );
    });
    tell(terminal, options, host, recorder);
    await signals.stop;
    await recorder.close();
    const frames = recorder.frames();
    const said =
      options.json === true ? JSON.stringify({ event: 'recorded', frames }) : `${count(frames, 'frame')} recorded.`;
    terminal.out(`${said}\n`);
    if (failure !== undefined) cli.exit(EXIT.failed);
  } finally {
    closeSync(file);
  }
}

function tell(terminal: Terminal, { json, to, out }: RecordOptions, host: string, { port }: Recorder): void {
  const url = `ws://${host.includes(':') ? `[${host}]` : host}:${port}/ws`;
  if (json === true) terminal.out(`${JSON.stringify({ event: 'listening', url })}\n`);
  else terminal.out(`${url} goes to ${printable(to)}; its frames go into ${printable(out)}. End with Ctrl-C.\n`);
}

/** `PORT`, or `HOST:PORT` where another address than loopback is meant. */
function addressOf(text: string): { readonly host: string; readonly port: number } {
  const [, host = '127.0.0.1', digits = ''] = /^(?:\[?([^\]]*?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== '' && port <= 65_535 && host !== '') return { host, port };
  throw new CliError(EXIT.usage, `--listen ${printable(text)} is no address. Write it like 127.0.0.1:7444.`);
}

function assertTarget(to: string): void {
  const url = URL.parse(to);
  const is_plain = url !== null && url.username === '' && url.password === '' && url.search === '';
  if (is_plain && /^wss?:$/.test(url.protocol)) return;
  throw new CliError(EXIT.usage, '--to is no ws:// or wss:// address. Write it like ws://127.0.0.1:7443/ws.');
}

/** Only the user may read what is in it; a trace that is there is not written over. */
function open(file: string, terminal: Terminal): number {
  try {
    return openSync(resolve(terminal.cwd, file), 'wx', 0o600);
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is there already. Name another file' : `cannot be written: ${code}`;
    throw new CliError(EXIT.usage, `${printable(file)} ${why}.`);
  }
}
