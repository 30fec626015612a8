import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Config,
  type DataDirSecrets,
  type DaySumsOf,
  embeddedStore,
  type LedgerStore,
  openDataDir,
} from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';
import type { ProcessRole, RouterOptions } from '../options.ts';

/** What a process is, and what of the data directory is its own. */
export interface Seat {
  readonly role: ProcessRole;
  /** Of this process: its journal is told from others' by the name. */
  readonly secrets: DataDirSecrets;
  /** As it was given, but that `data_dir` is this process's own. */
  readonly config: Config;
  /** Of all processes. */
  readonly shared_dir: string;
  /** All processes of this data directory, among those of other machines. */
  readonly member_id: string;
  /** Tables that are not where the configuration says. */
  readonly store: LedgerStore | undefined;
  /** Whose use of the day is known from the tables: what workers used they say themselves. */
  readonly sums_of: DaySumsOf;
}

/**
 * A worker has a folder of its own for its journal. It projects into the tables of all: their rows are told apart by the name of
 * the node. The owner has what a single process has. Throws `config_invalid` when the directory cannot be used.
 */
export function takeSeat({ config, process }: Pick<RouterOptions, 'config' | 'process'>): Seat {
  const { data_dir: shared_dir } = config;
  const role = process ?? { kind: 'single' };
  if (role.kind === 'single' && config.cluster !== undefined) throw aloneInCluster();
  const secrets = openDataDir(shared_dir, config.node_id);
  // Two machines may have been given one name; a data directory has one set of processes at a time.
  const member_id = `${secrets.node_id}.${hash('sha256', secrets.seal_key, 'hex').slice(0, 16)}`;
  if (role.kind !== 'worker') {
    const sums_of =
      role.kind === 'owner' ? withoutWorkers(secrets.node_id, config.workers) : ({ kind: 'all' } as const);
    return { role, secrets, config, shared_dir, member_id, store: undefined, sums_of };
  }
  const data_dir = workerDir(shared_dir, role.n);
  mkdirSync(data_dir, { recursive: true, mode: 0o700 });
  const node_id = workerNode(secrets.node_id, role.n);
  const store = embeddedStoreOf(config, shared_dir);
  const own = { secrets: { ...secrets, node_id }, config: { ...config, data_dir } };
  return { role, ...own, shared_dir, member_id, store, sums_of: { kind: 'only', node_id } };
}

function withoutWorkers(node_id: string, count: number): DaySumsOf {
  return { kind: 'without', node_ids: Array.from({ length: count }, (_, i) => workerNode(node_id, i + 1)) };
}

/** Undefined: the configuration says where the tables are. */
export function embeddedStoreOf({ store }: Config, shared_dir: string): LedgerStore | undefined {
  return store.type === 'postgres' ? undefined : embeddedStore(shared_dir);
}

export function workerDir(shared_dir: string, n: number): string {
  return join(shared_dir, 'workers', String(n));
}

export function workerNode(node_id: string, n: number): string {
  return `${node_id}.w${n}`;
}

/** As the owner of the limits knows it, which may be on another machine. */
export function workerName({ member_id }: Pick<Seat, 'member_id'>, n: number): string {
  return `${member_id}.w${n}`;
}

/** What was used before there were workers is told under this name. */
export function baseName({ member_id }: Pick<Seat, 'member_id'>): string {
  return `${member_id}.base`;
}

/** Where the owner listens for its workers, and for requests that they pass on. */
export function ownerSockets(shared_dir: string): { readonly links: string; readonly http: string } {
  const dir = runDir(shared_dir);
  return { links: join(dir, 'owner.sock'), http: join(dir, 'owner-http.sock') };
}

/** Where a worker listens for others that have it carry work to its agents. */
export function workerSocket(shared_dir: string, n: number): string {
  return join(runDir(shared_dir), `worker-${n}.sock`);
}

/** Where a worker answers requests that others pass on to it. */
export function workerHttpSocket(shared_dir: string, n: number): string {
  return join(runDir(shared_dir), `worker-${n}-http.sock`);
}

function runDir(shared_dir: string): string {
  return join(shared_dir, 'run');
}

function aloneInCluster(): AtpError {
  const what = '"cluster" needs a process that holds the limits, beside those that serve calls';
  return new AtpError('config_invalid', `${what}: start this with atp serve.`, { param: 'cluster' });
}
