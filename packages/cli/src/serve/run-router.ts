import { resolve } from 'node:path';
import type { Config, ConfigWatcher, Logger, ReloadOutcome } from '@atp-router/adapters';
import { createRouter, type ProblemSource, type ProcessRole, type Router } from '@atp-router/router';
import { EXIT, type ExitCode } from '../exit.ts';
import type { Terminal } from '../terminal.ts';
import { readVersion } from '../version.ts';
import { factsOf, localUrl } from './facts.ts';
import type { Life } from './faults.ts';
import { type FoundConfig, sourcesOf } from './find-config.ts';
import { openLink, type SupervisorLink } from './link.ts';
import type { ServeOptions } from './options.ts';
import { startReload } from './reload.ts';
import { listenForSignals, listenToSupervisor, type Signals } from './signals.ts';
import { welcome } from './welcome.ts';

/** Events of the first keys and their tenant. */
const MADE: ReadonlySet<string> = new Set(['entity.put', 'config.applied', 'limits.changed']);

const PROBLEMS: Readonly<Record<ProblemSource, string>> = {
  workers: 'the processes of this router have a problem with each other',
  projection: 'the tables do not follow the journal',
  shared_store: 'the shared store has a problem',
  sessions: 'sessions are not kept as they should be',
  calls: 'something failed while a call was handled',
  config: 'the configuration in force has an entry that cannot work',
  carbon: 'intensities of carbon are not read as they should be',
  observations: 'observations are not kept as they should be',
};

export interface RouterParts {
  readonly options: ServeOptions;
  readonly found: FoundConfig;
  /** Puts what the command line says over a configuration from the file. */
  readonly override: (config: Config) => Config;
  readonly role: ProcessRole;
  readonly life: Life;
  readonly terminal: Terminal;
}

/** Runs the router of this process, whatever its role, until it is asked to end. Throws what keeps it from starting. */
export async function runRouter(parts: RouterParts): Promise<ExitCode> {
  const { found, override, role, life, terminal } = parts;
  const { logger } = life;
  const link = role.kind === 'single' ? undefined : openLink(process);
  const signals =
    link === undefined ? listenForSignals(terminal, () => endAtOnce(logger)) : listenToSupervisor(link, logger);
  // The owner reads the file for its workers, and makes the first keys for all.
  const leads = role.kind !== 'worker';
  const reload: { watcher?: ConfigWatcher } = {};
  const ended = Promise.withResolvers<string>();
  const router = await createRouter({
    config: override(found.config),
    version: readVersion(),
    bootstrap: leads,
    process: role,
    onEnd: (reason) => ended.resolve(reason),
    // What the start made is told by the welcome, not by the log.
    onEvent: (event) => {
      if (life.router !== undefined || !MADE.has(event.type)) logger.event(event);
    },
    sources: await sourcesOf(found, terminal),
    onJournalState: (failure) => logJournal(failure, logger),
    onProblem: (source, problem) => logger.log('warn', PROBLEMS[source], { error: problem.message }),
    origin: found.kind === 'file' ? { kind: 'file', file: resolve(terminal.cwd, found.file) } : { kind: 'discovered' },
    ...(found.kind === 'file' && leads ? { onReload: () => reloadNow(reload.watcher, override) } : {}),
  });
  life.router = router;
  if (found.kind === 'file' && leads) {
    const onApplied = link && ((config: Config) => link.grace(config.shutdown.grace_ms));
    reload.watcher = startReload({ found, router, logger, override, onApplied });
  }
  tellReady(parts, router, link);
  return runUntilStopped(router, signals, ended.promise, reload.watcher, logger);
}

function endAtOnce(logger: Logger): never {
  logger.log('warn', 'ended at once by a second signal');
  logger.flush();
  process.exit(EXIT.interrupted);
}

/** Tells whoever started it: the user, or the supervisor, which tells the user when all are ready. */
function tellReady(parts: RouterParts, router: Router, link: SupervisorLink | undefined): void {
  const { options, found, role, terminal } = parts;
  const { logger } = parts.life;
  const { version, node_id, ledger, manager } = router;
  const common = { version, node_id, recovered_calls: ledger.start.recovered.length };
  const config = found.kind === 'file' ? found.file : undefined;
  const has_tls = manager.config.listen.tls !== undefined;
  switch (role.kind) {
    case 'single': {
      const { address } = router.server;
      terminal.out(welcome(factsOf(router, found), address, options, terminal));
      logMended(router, logger);
      logger.log('info', 'listening', { url: localUrl(address, has_tls), ...common, config });
      break;
    }
    case 'owner':
      logMended(router, logger);
      logger.log('info', 'ready', { ...common, config });
      link?.grace(manager.config.shutdown.grace_ms);
      link?.ready({ kind: 'owner', facts: factsOf(router, found) });
      break;
    case 'worker': {
      const { address } = router.server;
      logMended(router, logger);
      logger.log('info', 'ready', { url: localUrl(address, has_tls), ...common });
      link?.ready({ kind: 'worker', address });
      break;
    }
  }
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
  ended: Promise<string>,
  watcher: ConfigWatcher | undefined,
  logger: Logger,
): Promise<ExitCode> {
  signals.onHangup(() => {
    if (watcher === undefined) logger.log('info', 'SIGHUP: there is no configuration file to read again');
    else watcher.reload();
  });
  // Who cannot go on is started again by its supervisor.
  const over = ended.then((reason) => ({ reason, code: EXIT.internal }));
  const asked = signals.stop.then((signal) => ({ reason: signal, code: EXIT.ok }));
  const { reason, code } = await Promise.race([asked, over]);
  if (code === EXIT.ok) logger.log('info', 'stopping', { signal: reason, calls_in_flight: router.engine.in_flight });
  else logger.log('warn', 'this process ends, to be started again', { reason });
  watcher?.close();
  await router.stop(reason);
  logger.flush();
  return code;
}

/** For the admin API: the outcome names the configuration as it is in force. */
function reloadNow(watcher: ConfigWatcher | undefined, override: (config: Config) => Config): ReloadOutcome {
  const outcome = watcher?.reload() ?? ({ kind: 'unchanged' } as const);
  return outcome.kind === 'changed' ? { ...outcome, config: override(outcome.config) } : outcome;
}
