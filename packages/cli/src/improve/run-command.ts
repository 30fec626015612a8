import { runProgram } from '@atp-router/adapters';
import { CliError, EXIT } from '../exit.ts';
import type { Command } from './steps.ts';

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
  const [program = ''] = command;
  const allowed = ['PATH', ...env].flatMap((name) => {
    const value = outer[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const end = await runProgram({
    ...{ command, cwd: dir, env: { ...Object.fromEntries(allowed), ...given } },
    ...{ limit_ms: timeout_s * 1_000, grace_ms: KILL_MS },
  });
  switch (end.kind) {
    case 'unstartable':
      throw failed(program, `cannot be started: ${end.why}`, '');
    case 'stopped':
      throw failed(program, `took longer than ${timeout_s} s`, end.output);
    case 'ended':
      if (end.code !== 0) throw failed(program, `ended with ${end.code ?? end.by}`, end.output);
      break;
    default:
      end satisfies never;
  }
}

function failed(program: string, why: string, output: string): CliError {
  const words = output.trim() === '' ? '' : ` Its last words:\n${output.trim()}`;
  return new CliError(EXIT.failed, `"${program}" ${why}.${words}`);
}
