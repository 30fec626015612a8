import { resolve } from 'node:path';
import { type Config, openLogger } from '@atp-router/adapters';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { commandName, type Terminal, wantsColor } from '../terminal.ts';
import { endOnFaults, type Life } from './faults.ts';
import { findConfig } from './find-config.ts';
import type { ServeOptions } from './options.ts';
import { processName, readRole } from './role.ts';
import { runRouter } from './run-router.ts';
import { runSupervisor } from './supervisor/run.ts';

/** Runs the router, in this process or in several, until a signal ends it. Throws what keeps it from starting. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitCode> {
  const role = readRole(terminal.env, process.connected);
  const found = await findConfig(options.config, terminal, 'listen');
  const override = overrideWith(options, terminal);
  const config = override(found.config);
  // Machines share limits by a process that holds them, also where one worker serves all calls.
  const supervises = role.kind === 'single' && (config.workers > 1 || config.cluster !== undefined);
  const alone = supervises ? 'supervisor' : undefined;
  const name = role.kind === 'single' ? alone : processName(role);
  const logger = openLogger({
    level: config.telemetry.log_level,
    format: options.json === true || !terminal.err_is_tty ? 'json' : 'text',
    color: wantsColor(terminal, terminal.err_is_tty),
    ...(name === undefined ? {} : { process: name }),
  });
  const life: Life = { logger, router: undefined };
  endOnFaults(life);
  const running = supervises
    ? runSupervisor({ options, config, logger, terminal })
    : runRouter({ options, found, override, role, life, terminal });
  return running.catch((error: unknown) => {
    throw withAdvice(error, terminal);
  });
}

/** For the most frequent reason not to start: an older one still runs. */
function withAdvice(error: unknown, terminal: Terminal): unknown {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (!(error instanceof Error && cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'))
    return error;
  const other = `${commandName(terminal)} serve --port <port>`;
  return new CliError(EXIT.config, `${error.message} For example: ${other}`, error);
}

/**
 * Puts what the command line says over what the file says, also after a reload. The same configuration gives the same
 * object, by which the admin API sees that it is in force already.
 */
function overrideWith({ host, port, dataDir, workers }: ServeOptions, terminal: Terminal): (config: Config) => Config {
  const known = new WeakMap<Config, Config>();
  return (config) => {
    const result = known.get(config) ?? {
      ...config,
      listen: {
        ...config.listen,
        ...(host === undefined ? {} : { host }),
        ...(port === undefined ? {} : { port }),
      },
      ...(dataDir === undefined ? {} : { data_dir: resolve(terminal.cwd, dataDir) }),
      ...(workers === undefined ? {} : { workers }),
    };
    known.set(config, result);
    return result;
  };
}
