import { CommanderError } from 'commander';
import { CliError, EXIT, type ExitCode } from './exit.ts';
import { printable } from './print/text.ts';
import { buildProgram } from './program.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs one command line (without the program's own name) and returns the exit code. User errors are one line on standard
 * error; only a fault of the program itself shows a stack.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const state: { code: ExitCode } = { code: EXIT.ok };
  const program = buildProgram({
    terminal,
    exit: (code) => {
      state.code = code;
    },
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return state.code;
  } catch (error) {
    return await report(error, terminal);
  }
}

/** Errors of the catalogue that are thrown here, and not told by a router. */
const CATALOGUE_EXITS: Readonly<Record<string, ExitCode>> = {
  invalid_request: EXIT.usage,
  config_invalid: EXIT.config,
};

async function report(error: unknown, terminal: Terminal): Promise<ExitCode> {
  // The library has printed its message already; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliError) {
    terminal.err(`atp: ${error.message}\n`);
    return error.exit_code;
  }
  const { isAtpError } = await import('@atp-router/kernel');
  if (isAtpError(error)) {
    terminal.err(`atp: ${printable(error.message)}\n`);
    return CATALOGUE_EXITS[error.code] ?? EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.err(`atp: this is a fault of the program, please report it.\n${text}\n`);
  return EXIT.internal;
}
