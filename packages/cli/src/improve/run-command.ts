import { spawn } from 'node:child_process';
import { CliError, EXIT } from '../exit.ts';
import type { Command } from './steps.ts';

/** What is kept of what a program says: its last words tell why it failed. */
const OUTPUT_CHARS_MAX = 16_384;
/** Between being asked to end and being ended. */
const KILL_MS = 2_000;

/**
 * Runs a program in a folder, without a shell and with those variables only that are named, PATH and what `given` has. Throws
 * `CliError` when it cannot be started, takes too long, or says by its exit code that it has failed.
 */
export async function runCommand(
  { command, env, timeout_s }: Command,
  dir: string,
  outer: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>>,
): Promise<void> {
  const [program = '', ...args] = command;
  const allowed = ['PATH', ...env].flatMap((name) => {
    const value = outer[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // A group of its own, so that what it starts ends with it.
  const child = spawn(program, args, {
    ...{ cwd: dir, env: { ...Object.fromEntries(allowed), ...given }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (piece: string): void => {
    output = `${output}${piece}`.slice(-OUTPUT_CHARS_MAX);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep);
  const end = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  let timed_out = false;
  let hard: NodeJS.Timeout | undefined;
  const soft = setTimeout(() => {
    timed_out = true;
    end('SIGTERM');
    hard = setTimeout(() => end('SIGKILL'), KILL_MS);
  }, timeout_s * 1_000);
  const why = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(`cannot be started: ${error.code ?? error.message}`));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${code ?? signal}`));
  });
  clearTimeout(soft);
  clearTimeout(hard);
  // Whatever it has left running.
  end('SIGKILL');
  if (timed_out) throw failed(program, `took longer than ${timeout_s} s`, output);
  if (why !== undefined) throw failed(program, why, output);
}

function failed(program: string, why: string, output: string): CliError {
  const words = output.trim() === '' ? '' : ` Its last words:\n${output.trim()}`;
  return new CliError(EXIT.failed, `"${program}" ${why}.${words}`);
}
