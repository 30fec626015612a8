import { type ChildProcess, fork } from 'node:child_process';
import { type Order, reportOf } from '../link.ts';
import type { ChildName, SupervisorEvent } from './types.ts';

/** What is run as a child, beside its role. */
export interface Program {
  readonly main: string | URL;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The processes of a supervisor: at most one of each name. */
export class Children {
  readonly #program: Program;
  readonly #onEvent: (event: SupervisorEvent) => void;
  readonly #processes = new Map<ChildName, ChildProcess>();

  constructor(program: Program, onEvent: (event: SupervisorEvent) => void) {
    this.#program = program;
    this.#onEvent = onEvent;
  }

  /** The same program with the same options of Node, its output and errors where those of this process go. */
  spawn(name: ChildName, incarnation: number, role_env: Readonly<Record<string, string>>): void {
    const { main, args, env } = this.#program;
    const child = fork(main, args, {
      env: { ...env, ...role_env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#processes.set(name, child);
    const tell = this.#onEvent;
    const ended = (code: number | null, reason: string | null): void => {
      if (this.#processes.get(name) === child) this.#processes.delete(name);
      tell({ kind: 'exited', child: name, incarnation, code: code ?? undefined, reason: reason ?? undefined });
    };
    child.on('exit', ended);
    child.on('error', (error) => {
      // It could not be made; of one that runs, this is a message that did not reach it, and its end tells the rest.
      if (child.pid === undefined) ended(null, error.message);
    });
    child.on('message', (message) => {
      const report = reportOf(message);
      if (report?.type === 'grace') tell({ kind: 'grace', grace_ms: report.grace_ms });
      else if (report !== undefined) tell({ kind: 'ready', child: name, incarnation, info: report.info });
    });
    if (child.pid !== undefined) tell({ kind: 'spawned', child: name, incarnation, pid: child.pid });
  }

  send(name: ChildName, order: Order): void {
    const child = this.#processes.get(name);
    // A child without a channel is about to end, or will be killed when its time is over.
    if (child?.connected === true) child.send(order, () => undefined);
  }

  kill(name: ChildName): void {
    this.#processes.get(name)?.kill('SIGKILL');
  }
}
