import type { Config, ValueSources } from '@atp-router/adapters';
import type { Stage } from '@atp-router/call';
import type { GenEvent, GenRequest } from '@atp-router/dialects';
import type { AtpError } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';
import type { ConfigOrigin, ReloadFile } from './admin/parts.ts';
import type { Pace } from './processes/pace.ts';

/**
 * What has a problem: the configuration (an entry that cannot work, and keeps nothing else from working), the tables that follow the journal, what routers over one database share, or the handling of calls
 * (a stage or the router itself threw; only the call at hand has ended by it).
 */
export type ProblemSource =
  | 'workers'
  | 'projection'
  | 'shared_store'
  | 'sessions'
  | 'calls'
  | 'config'
  | 'observations'
  | 'carbon';

export type OnProblem = (source: ProblemSource, problem: AtpError) => void;

/** A worker and which of its starts: a higher one means that the earlier ones are dead. */
export interface WorkerStart {
  /** From 1. */
  readonly n: number;
  readonly incarnation: number;
}

/** What this process is among those of `atp serve --workers`. */
export type ProcessRole =
  /** There is no other. */
  | { readonly kind: 'single' }
  /** Holds the limits for all. `epoch` is higher than that of every owner before; `workers` are those that may be alive. */
  | { readonly kind: 'owner'; readonly epoch: number; readonly workers: readonly WorkerStart[] }
  /** Serves calls. */
  | ({ readonly kind: 'worker' } & WorkerStart);

export interface RouterOptions {
  readonly config: Config;
  readonly version: string;
  /** Where `${ENV}` and `${file:…}` of entities made through the admin API come from. */
  readonly sources: ValueSources;
  /** Told of what goes wrong beside the calls, which go on. */
  readonly onProblem?: OnProblem;
  /** Told why the journal cannot be written any more, and without a reason when it can again. No call is taken meanwhile. */
  readonly onJournalState?: (failure: AtpError | undefined) => void;
  /** Sees every event from the start on: also what a dead process left open, and that the router has started. */
  readonly onEvent?: (event: RouterEvent) => void;
  /** Makes a tenant and keys where there are none, before any request is answered. */
  readonly bootstrap?: boolean;
  /** Guards, validators and learners. */
  readonly stages?: readonly Stage<GenRequest, GenEvent>[];
  /** Where `config` comes from, for what the admin API says of its entries. Default: a file. */
  readonly origin?: ConfigOrigin;
  /** Reads the configuration file anew for `POST /admin/v1/config/reload`: `watchConfig(…).reload`. Absent: no file. */
  readonly onReload?: ReloadFile;
  /** Default: single. */
  readonly process?: ProcessRole;
  /** It cannot go on in this process: it is to be stopped, and another one started in its place. */
  readonly onEnd?: (reason: string) => void;
  /** Other times than those of every process and machine beside this one would break what they promise each other: for tests. */
  readonly pace?: Pace;
}
