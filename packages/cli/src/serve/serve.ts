import { resolve } from 'node:path';
import { type Config, type ConfigWatcher, type Logger, openLogger, type ReloadOutcome } from '@atp-router/adapters';
import { createRouter, type ProblemSource, type Router } from '@atp-router/router';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { commandName, type Terminal, wantsColor } from '../terminal.ts';
import { readVersion } from '../version.ts';
import { findConfig, sourcesOf } from './find-config.ts';
import type { ServeOptions } from './options.ts';
import { startReload } from './reload.ts';
import { listenForSignals, type Signals } from './signals.ts';
import { localUrl, welcomeJson, welcomeText } from './welcome.ts';

/** Events of the first keys and their tenant. */
const MADE: ReadonlySet<string> = new Set(['entity.put', 'config.applied', 'limits.changed']);

const PROBLEMS: Readonly<Record<ProblemSource, string>> = {
  projection: 'the tables do not follow the journal',
  shared_store: 'the shared store has a problem',
  sessions: 'sessions are not kept as they should be',
  calls: 'something failed while a call was handled',
  config: 'the configuration in force has an entry that cannot work',
};

/** Runs the router until a signal ends it. Throws what keeps it from starting. */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<ExitCode> {
  const found = await findConfig(options.config, terminal, 'listen');
  const override = overrideWith(options, terminal);
  const config = override(found.config);
  const logger = openLogger({
    level: config.telemetry.log_level,
    format: options.json === true || !terminal.err_is_tty ? 'json' : 'text',
    color: wantsColor(terminal, terminal.err_is_tty),
  });
  const life: Life = { logger, router: undefined };
  endOnFaults(life);
  const signals = listenForSignals(terminal, () => {
    logger.log('warn', 'ended at once by a second signal');
    logger.flush();
    process.exit(EXIT.interrupted);
  });
  const reload: { watcher?: ConfigWatcher } = {};
  const starting = createRouter({
    config,
    version: readVersion(),
    bootstrap: true,
    // What the start made is told by the welcome, not by the log.
    onEvent: (event) => {
      if (life.router !== undefined || !MADE.has(event.type)) logger.event(event);
    },
    sources: await sourcesOf(found, terminal),
    onJournalState: (failure) => logJournal(failure, logger),
    onProblem: (source, problem) => logger.log('warn', PROBLEMS[source], { error: problem.message }),
    origin: found.kind === 'file' ? { kind: 'file', file: resolve(terminal.cwd, found.file) } : { kind: 'discovered' },
    ...(found.kind === 'file' ? { onReload: () => reloadNow(reload.watcher, override) } : {}),
  });
  const router = await starting.catch((error: unknown) => {
    throw withAdvice(error, terminal);
  });
  life.router = router;
  const { made } = router;
  if (found.kind === 'file') reload.watcher = startReload({ found, router, logger, override });
  const started = { router, found, made };
  terminal.out(options.json === true ? welcomeJson(started) : welcomeText(started, terminal));
  logMended(router, logger);
  logger.log('info', 'listening', {
    url: localUrl(router),
    version: router.version,
    node_id: router.node_id,
    config: found.kind === 'file' ? found.file : undefined,
    recovered_calls: router.ledger.start.recovered.length,
  });
  return runUntilStopped(router, signals, reload.watcher, logger);
}

/** For the most frequent reason not to start: an older one still runs. */
function withAdvice(error: unknown, terminal: Terminal): unknown {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (!(error instanceof Error && cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'))
    return error;
  const other = `${commandName(terminal)} serve --port <port>`;
  return new CliError(EXIT.config, `${error.message} For example: ${other}`, error);
}

/** The cause names the file, which the message must not: clients get to see that. */
function logJournal(failure: Error | undefined, logger: Logger): void {
  if (failure === undefined) logger.log('info', 'the journal can be written again');
  else {
    const cause = failure.cause instanceof Error ? failure.cause.message : undefined;
    logger.log('error', 'the journal cannot be written', { error: failure.message, cause });
  }
}

/** What the start found broken and went on from: nobody should have to find that out by what is missing. */
function logMended({ ledger }: Router, logger: Logger): void {
  const { torn, rebuilt } = ledger.start;
  if (torn !== undefined) {
    const { file, offset, bytes } = torn;
    logger.log('warn', 'the journal ended in a torn tail, which was cut off', { file, offset, bytes });
  }
  if (rebuilt !== undefined) logger.log('warn', 'the tables were made anew from the journal', { reason: rebuilt });
}

async function runUntilStopped(
  router: Router,
  signals: Signals,
  watcher: ConfigWatcher | undefined,
  logger: Logger,
): Promise<ExitCode> {
  signals.onHangup(() => {
    if (watcher === undefined) logger.log('info', 'SIGHUP: there is no configuration file to read again');
    else watcher.reload();
  });
  const signal = await signals.stop;
  logger.log('info', 'stopping', { signal, calls_in_flight: router.engine.in_flight });
  watcher?.close();
  await router.stop(signal);
  logger.flush();
  return EXIT.ok;
}

/**
 * Puts what the command line says over what the file says, also after a reload. The same configuration gives the same
 * object, by which the admin API sees that it is in force already.
 */
function overrideWith({ host, port, dataDir }: ServeOptions, terminal: Terminal): (config: Config) => Config {
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
    };
    known.set(config, result);
    return result;
  };
}

/** For the admin API: the outcome names the configuration as it is in force. */
function reloadNow(watcher: ConfigWatcher | undefined, override: (config: Config) => Config): ReloadOutcome {
  const outcome = watcher?.reload() ?? ({ kind: 'unchanged' } as const);
  return outcome.kind === 'changed' ? { ...outcome, config: override(outcome.config) } : outcome;
}

interface Life {
  readonly logger: Logger;
  router: Router | undefined;
}

/**
 * After a fault nobody caught, the state of the process is unknown: what is recorded goes to disk, and it ends. The next
 * start settles the calls that were running.
 */
function endOnFaults(life: Life): void {
  process.on('uncaughtException', (error) => {
    try {
      life.logger.log('fatal', 'fault of the program', { error: error.message, stack: error.stack });
      life.logger.flush();
      life.router?.ledger.journal.flushNow();
    } finally {
      process.exit(EXIT.internal);
    }
  });
}
