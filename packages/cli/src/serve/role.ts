import type { ProcessRole, WorkerStart } from '@atp-router/router';
import { CliError, EXIT } from '../exit.ts';

/** What `atp serve --workers` sets for the processes that it starts. Nobody else does. */
export const ROLE_ENV = { process: 'ATP_PROCESS', incarnation: 'ATP_INCARNATION', peers: 'ATP_PEERS' } as const;

/** As many workers as a configuration may ask for. */
export const WORKERS_MAX = 64;
/** Beyond what 64 workers take. */
const PEERS_CHARS_MAX = 8_192;
/** Without leading zeros, below 2^53. */
const WHOLE = /^[1-9][0-9]{0,14}$/;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What this process is: by its environment, which only counts with a channel to the process that set it. Throws what whoever
 * set the variables by hand needs to know.
 */
export function readRole(env: Env, has_channel: boolean): ProcessRole {
  const name = env[ROLE_ENV.process];
  if (name === undefined) return { kind: 'single' };
  if (!has_channel) {
    throw refused('it is only set by atp serve --workers, for the processes that it starts', 'start that, or unset it');
  }
  if (name === 'owner') return { kind: 'owner', epoch: incarnationOf(env), workers: peersOf(env) };
  const n = /^worker:(.*)$/.exec(name)?.[1];
  if (n === undefined) throw refused(`"${name.slice(0, 40)}" is neither owner nor worker:<n>`, 'unset it');
  return { kind: 'worker', n: wholeOf(n, ROLE_ENV.process, WORKERS_MAX), incarnation: incarnationOf(env) };
}

type OneOfSeveral = Exclude<ProcessRole, { readonly kind: 'single' }>;

/** As it is called in logs, and in `ATP_PROCESS`. */
export function processName(role: OneOfSeveral): string {
  return role.kind === 'owner' ? 'owner' : `worker:${role.n}`;
}

/** The environment from which `readRole` reads it. */
export function roleEnv(role: OneOfSeveral): Readonly<Record<string, string>> {
  const name = { [ROLE_ENV.process]: processName(role) };
  if (role.kind === 'worker') return { ...name, [ROLE_ENV.incarnation]: String(role.incarnation) };
  return {
    ...name,
    [ROLE_ENV.incarnation]: String(role.epoch),
    [ROLE_ENV.peers]: JSON.stringify(role.workers),
  };
}

function incarnationOf(env: Env): number {
  return wholeOf(env[ROLE_ENV.incarnation] ?? '', ROLE_ENV.incarnation, Number.MAX_SAFE_INTEGER);
}

function wholeOf(text: string, variable: string, max: number): number {
  const value = WHOLE.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw refused(`${variable} has no whole number from 1 to ${max} where it needs one`, 'unset it');
}

function peersOf(env: Env): readonly WorkerStart[] {
  const text = env[ROLE_ENV.peers] ?? '';
  const peers = text.length > PEERS_CHARS_MAX ? undefined : workersOf(parsed(text));
  if (peers === undefined) throw refused(`${ROLE_ENV.peers} is no list of workers`, 'unset it');
  return peers;
}

/** A list of workers with their incarnations, each number once; `undefined` for anything else. */
export function workersOf(value: unknown): readonly WorkerStart[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const workers = value.flatMap((one: unknown) => {
    const { n, incarnation } = (one ?? {}) as Partial<Record<string, unknown>>;
    return isWhole(n, WORKERS_MAX) && isWhole(incarnation, Number.MAX_SAFE_INTEGER) ? [{ n, incarnation }] : [];
  });
  const is_whole = workers.length === value.length && new Set(workers.map(({ n }) => n)).size === workers.length;
  return is_whole ? workers : undefined;
}

function isWhole(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(what: string, remedy: string): CliError {
  return new CliError(EXIT.config, `The variable ${ROLE_ENV.process} is set: ${what}. To start a router, ${remedy}.`);
}
