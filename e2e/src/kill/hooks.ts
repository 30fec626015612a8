import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import threads, { BroadcastChannel, Worker } from 'node:worker_threads';
import { type ArmMessage, type Armed, BLOCK_MARKS, KILL_VARIABLE } from './points.ts';

/**
 * Preloaded (`--import`) into a router process that has to die at a named point. It wraps Node's own `writeSync`,
 * `DatabaseSync` and `Worker`, so the router itself knows nothing of it.
 */
const state: { point: string; visits: number } = { point: '', visits: 0 };

function arm(armed: Armed): void {
  state.point = armed.point;
  state.visits = armed.visits;
}

/** SIGKILL reaches the process before the call returns: no handler runs, nothing is flushed. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** Counts a visit to any of the points of one place; returns the point when its time has come. */
function visit(place: string): string | undefined {
  if (!state.point.startsWith(`${place}.`)) return undefined;
  state.visits -= 1;
  return state.visits === 0 ? state.point.slice(place.length + 1) : undefined;
}

function hookJournal(): void {
  const write = fs.writeSync as unknown as (fd: number, bytes: Uint8Array, ...rest: number[]) => number;
  const hooked = (fd: number, bytes: Uint8Array, ...rest: number[]): number => {
    const place = state.point.split('.')[0] ?? '';
    const mark = BLOCK_MARKS[place];
    if (mark === undefined || !(bytes instanceof Uint8Array)) return write(fd, bytes, ...rest);
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(mark)) return write(fd, bytes, ...rest);
    const when = visit(place);
    if (when === undefined) return write(fd, bytes, ...rest);
    if (when === 'before') die();
    const [from = 0, length = bytes.length, position = 0] = rest;
    write(fd, bytes, from, when === 'middle' ? Math.floor(length / 2) : length, position);
    die();
    return 0;
  };
  (fs as { writeSync: unknown }).writeSync = hooked;
}

/** Statements that begin or end the projection's transactions. */
function hookDatabase(): void {
  const prepare = DatabaseSync.prototype.prepare;
  const around = <T>(sql: string, run: () => T): T => {
    const is_begin = sql.startsWith('BEGIN');
    const armed_begin = state.point.endsWith('.begin');
    const when = is_begin === armed_begin ? visit('projection') : undefined;
    if (when === undefined) return run();
    if (when === 'commit') die();
    const value = run();
    die();
    return value;
  };
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
    const statement = prepare.call(this, sql);
    if (!/^(BEGIN|COMMIT)/.test(sql)) return statement;
    const all = statement.all.bind(statement);
    const run = statement.run.bind(statement);
    statement.all = ((...args: never[]) => around(sql, () => all(...args))) as typeof statement.all;
    statement.run = ((...args: never[]) => around(sql, () => run(...args))) as typeof statement.run;
    return statement;
  };
}

/** The projection runs in a worker thread, which starts without this thread's preloads. */
function hookWorkers(): void {
  class HookedWorker extends Worker {
    constructor(script: string | URL, options: NonNullable<ConstructorParameters<typeof Worker>[1]> = {}) {
      super(script, { ...options, execArgv: [...(options.execArgv ?? process.execArgv), '--import', import.meta.url] });
    }
  }
  (threads as { Worker: unknown }).Worker = HookedWorker;
}

const channel = new BroadcastChannel('atp-e2e-kill');
channel.unref();
const from_start = process.env[KILL_VARIABLE];
if (from_start !== undefined && from_start !== '') arm(JSON.parse(from_start) as Armed);
if (threads.isMainThread) {
  hookJournal();
  hookWorkers();
  process.on('message', (message: ArmMessage) => {
    arm(message.arm);
    channel.postMessage(message.arm);
    // Asked for by whoever armed it: from here on the point is live in both threads.
    process.send?.({ armed: message.arm.point });
  });
  process.channel?.unref();
} else {
  hookDatabase();
  channel.onmessage = (event) => arm((event as unknown as { data: Armed }).data);
}
syncBuiltinESMExports();
