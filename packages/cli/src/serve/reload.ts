import {
  type Config,
  type ConfigWatcher,
  type Logger,
  type Problem,
  type ReloadOutcome,
  watchConfig,
} from '@atp-router/adapters';
import type { Router } from '@atp-router/router';
import type { FoundConfig } from './find-config.ts';

/** Problems written to the log; \`atp config check\` shows all. */
const LOGGED_MAX = 10;

export interface ReloadParts {
  readonly found: Extract<FoundConfig, { readonly kind: 'file' }>;
  readonly router: Router;
  readonly logger: Logger;
  /** Puts what the command line says over a configuration from the file. */
  readonly override: (config: Config) => Config;
  /** Told of each configuration that came into force. */
  readonly onApplied?: ((config: Config) => void) | undefined;
}

/** Keeps the router at its file: on each change and each `reload()`. A file with faults changes nothing. */
export function startReload(parts: ReloadParts): ConfigWatcher {
  const { found, logger } = parts;
  let rejected = false;
  return watchConfig({
    file: found.file,
    config: found.config,
    load: found.load,
    onOutcome: (outcome) => {
      if (outcome.kind === 'unchanged' && rejected) restored(parts);
      rejected = !apply(parts, outcome);
      return !rejected;
    },
    onWatchError: (reason) =>
      logger.log('warn', 'the configuration file is not watched', { file: found.file, reason, instead: 'send SIGHUP' }),
  });
}

/** Returns whether what the file says is in force. */
function apply(parts: ReloadParts, outcome: ReloadOutcome): boolean {
  const { found, logger, override, router } = parts;
  switch (outcome.kind) {
    case 'unchanged':
      logger.log('info', 'configuration unchanged', { file: found.file });
      return true;
    case 'invalid':
      reject(parts, outcome.problems);
      return false;
    case 'changed': {
      const result = router.manager.replaceBase(override(outcome.config));
      if (!result.ok) {
        reject(parts, result.problems);
        return false;
      }
      logger.setLevel(outcome.config.telemetry.log_level);
      parts.onApplied?.(outcome.config);
      const needed = outcome.restart_needed.join(', ');
      if (needed !== '') logger.log('warn', 'restart needed for some changes', { keys: needed });
      return true;
    }
  }
}

/** After a rejection the file says again what is in force: whoever was alerted is to know. */
function restored({ router }: ReloadParts): void {
  const { number, hash } = router.manager.generation;
  router.bus.append({ type: 'config.applied', generation: number, hash, source: 'file' });
}

function reject({ found, logger, router }: ReloadParts, problems: readonly Problem[]): void {
  for (const { line, column, path, message, expected, suggestion } of problems.slice(0, LOGGED_MAX)) {
    logger.log('error', `configuration: ${message}`, {
      at: `${found.file}:${line}:${column}`,
      path,
      expected,
      suggestion,
    });
  }
  const [first] = problems;
  const where = first === undefined ? found.file : `${found.file}:${first.line}:${first.column}`;
  router.bus.append({
    type: 'config.rejected',
    problems: problems.length,
    first: `${where}: ${first?.path ?? ''} ${first?.message ?? ''}`,
  });
}
