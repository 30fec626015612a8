export { CliError, EXIT, type ExitCode } from './exit.ts';
export { run } from './run.ts';
export { processTerminal, type Terminal } from './terminal.ts';
