import { watch as watchFolder } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Timer, Timers } from '@atp-router/kernel';
import { systemTimers } from '../clock.ts';
import type { LoadResult } from './load.ts';
import type { Problem } from './problem.ts';
import { restartNeeded } from './restart.ts';
import type { Config } from './types.ts';

/** What a reload led to. `restart_needed` lists keys that were read at the start and say something else now. */
export type ReloadOutcome =
  | { readonly kind: 'changed'; readonly config: Config; readonly restart_needed: readonly string[] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[]; readonly text: string };

/** Tells of changes in a folder; `name` is the entry concerned, or null when the system does not say. */
export type WatchFolder = (
  folder: string,
  onChange: (name: string | null) => void,
  onError: (reason: string) => void,
) => { close(): void };

export interface WatchOptions {
  readonly file: string;
  /** The configuration in force, which the process was started with. */
  readonly config: Config;
  /** Loads the file anew; `loadConfig` with its arguments. */
  readonly load: () => LoadResult;
  /**
   * Called for each new configuration, for each new fault and when one is gone, and for every `reload()`. Returns whether
   * what the file says is in force now: a new configuration may still be refused. Must not throw.
   */
  readonly onOutcome: (outcome: ReloadOutcome) => boolean;
  /** The folder can no longer be watched; `reload()` still works. */
  readonly onWatchError?: (reason: string) => void;
  readonly watch?: WatchFolder;
  readonly timers?: Timers;
  /** Editors write a file in several steps; changes within this time of the first count as one. Default 100. */
  readonly settle_ms?: number;
}

export interface ConfigWatcher {
  /** The last configuration that came into force. */
  current(): Config;
  /** Loads now, for SIGHUP: also sees changed environment files and secrets, which are not watched. */
  reload(): ReloadOutcome;
  close(): void;
}

/**
 * Hot reload. A file that does not pass the check changes nothing and is reported. The folder is watched rather than
 * the file, because editors and Kubernetes replace the file and a watch would stay on the old one.
 */
export function watchConfig(options: WatchOptions): ConfigWatcher {
  const { file, load, onOutcome, watch = nodeWatchFolder, timers = systemTimers, settle_ms = 100 } = options;
  const name = basename(file);
  let config = options.config;
  let last_fault: string | undefined;
  let refused = false;
  let pending: Timer | undefined;

  const run = (explicit: boolean): ReloadOutcome => {
    const result = load();
    const outcome = compare(config, result, options.config);
    const fault = outcome.kind === 'invalid' ? JSON.stringify(outcome.problems) : undefined;
    const good_again = outcome.kind === 'unchanged' && refused;
    const news = outcome.kind === 'changed' || good_again || (fault !== undefined && fault !== last_fault);
    last_fault = fault;
    const in_force = explicit || news ? onOutcome(outcome) : outcome.kind === 'unchanged';
    // What was refused is not the configuration: the same file may fit once what it conflicts with is gone.
    if (outcome.kind === 'changed' && in_force) config = outcome.config;
    refused = !in_force;
    return outcome;
  };

  const watcher = watch(
    dirname(resolve(file)),
    (entry) => {
      // Kubernetes swaps a "..data" link beside the file; null comes from systems that do not name the entry.
      if (entry !== null && entry !== name && !entry.startsWith('..')) return;
      // Not restarted by further changes: a file that changes all the time must still be read.
      pending ??= timers.after(settle_ms, () => {
        pending = undefined;
        run(false);
      });
    },
    (reason) => options.onWatchError?.(reason),
  );

  return {
    current: () => config,
    reload: () => run(true),
    close: () => {
      pending?.cancel();
      pending = undefined;
      watcher.close();
    },
  };
}

function compare(config: Config, result: LoadResult, started: Config): ReloadOutcome {
  if (!result.ok) return { kind: 'invalid', problems: result.problems, text: result.text };
  if (JSON.stringify(result.config) === JSON.stringify(config)) return { kind: 'unchanged' };
  return { kind: 'changed', config: result.config, restart_needed: restartNeeded(started, result.config) };
}

const nodeWatchFolder: WatchFolder = (folder, onChange, onError) => {
  try {
    const watcher = watchFolder(folder, { persistent: false }, (_event, entry) => onChange(entry));
    watcher.on('error', (error) => onError(error.message));
    return { close: () => watcher.close() };
  } catch (error) {
    onError(error instanceof Error ? error.message : 'the folder cannot be watched');
    return { close: () => undefined };
  }
};
