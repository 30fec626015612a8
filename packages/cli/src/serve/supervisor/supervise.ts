import { join } from 'node:path';
import { holdProcess, type Logger, lockDataDir, systemTimers } from '@atp-router/adapters';
import { isAtpError } from '@atp-router/kernel';
import type { WorkerStart } from '@atp-router/router';
import { EXIT, type ExitCode } from '../../exit.ts';
import type { OwnerReady, WorkerReady } from '../link.ts';
import { roleEnv } from '../role.ts';
import { Children, type Program } from './children.ts';
import { begin, step } from './core.ts';
import { readIncarnations, writeIncarnations } from './incarnations.ts';
import { workerNumber } from './names.ts';
import type { Step, SupervisorEffect, SupervisorEvent } from './types.ts';

export interface SuperviseOptions {
  readonly workers: number;
  readonly data_dir: string;
  readonly grace_ms: number;
  readonly program: Program;
  readonly logger: Pick<Logger, 'log'>;
  /** All are ready for the first time. */
  readonly onReady: (owner: OwnerReady, worker: WorkerReady) => void;
}

/** What may be asked of a supervisor. */
export type Request = Extract<SupervisorEvent, { readonly kind: 'stop' | 'stop now' | 'hangup' }>;

export interface Supervisor {
  ask(request: Request): void;
  /** Resolves when all have ended. */
  readonly ended: Promise<ExitCode>;
}

/**
 * Starts an owner and workers, and keeps them running until it is asked to stop. Throws `config_invalid` where the folder
 * `run` of the data directory cannot be used, or another supervisor has it.
 */
export function supervise(options: SuperviseOptions): Supervisor {
  const run_dir = join(options.data_dir, 'run');
  const lock = lockDataDir(run_dir);
  const release = holdProcess();
  try {
    const { last, workers: earlier } = readIncarnations(run_dir);
    const ended = Promise.withResolvers<ExitCode>();
    const loop = new Loop(options, run_dir, (code) => {
      lock.release();
      release();
      ended.resolve(code);
    });
    loop.start(begin({ workers: options.workers, last, earlier, grace_ms: options.grace_ms }));
    return { ask: (request) => loop.take(request), ended: ended.promise };
  } catch (error) {
    lock.release();
    release();
    throw error;
  }
}

/** Gives events to the core one after the other, and does what it says. */
class Loop {
  readonly #options: SuperviseOptions;
  readonly #run_dir: string;
  readonly #onEnd: (code: ExitCode) => void;
  readonly #children: Children;
  #state: Step['state'] | undefined;
  /** Events of effects that are being done; as many as those have. */
  readonly #queue: SupervisorEvent[] = [];
  #is_busy = false;

  constructor(options: SuperviseOptions, run_dir: string, onEnd: (code: ExitCode) => void) {
    this.#options = options;
    this.#run_dir = run_dir;
    this.#onEnd = onEnd;
    this.#children = new Children(options.program, (event) => this.take(event));
  }

  start(first: Step): void {
    this.#is_busy = true;
    this.#enter(first);
    this.#drain();
  }

  take(event: SupervisorEvent): void {
    this.#queue.push(event);
    if (this.#is_busy) return;
    this.#is_busy = true;
    this.#drain();
  }

  #drain(): void {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      if (this.#state !== undefined) this.#enter(step(this.#state, event));
    }
    this.#is_busy = false;
  }

  #enter({ state, effects }: Step): void {
    this.#state = state;
    for (const effect of effects) this.#do(effect, state.last);
  }

  #do(effect: SupervisorEffect, last: number): void {
    switch (effect.kind) {
      case 'spawn':
        this.#spawn(effect);
        break;
      case 'send':
        this.#children.send(effect.child, effect.order);
        break;
      case 'kill':
        this.#children.kill(effect.child);
        break;
      case 'arm':
        systemTimers.after(effect.after_ms, () => this.take({ kind: 'timer', timer: effect.timer }));
        break;
      case 'welcome':
        this.#options.onReady(effect.owner, effect.worker);
        break;
      case 'log':
        this.#options.logger.log(effect.level, effect.message, effect.fields);
        break;
      case 'exit':
        this.#leave(last, effect.workers);
        this.#onEnd(effect.code);
        break;
    }
  }

  /** What keeps a process from being made counts as its end. */
  #spawn({ child, incarnation, workers }: Extract<SupervisorEffect, { readonly kind: 'spawn' }>): void {
    const n = workerNumber(child);
    try {
      const started = n === undefined ? workers : [...workers, { n, incarnation }];
      writeIncarnations(this.#run_dir, { last: incarnation, workers: started });
      const role =
        n === undefined
          ? ({ kind: 'owner', epoch: incarnation, workers } as const)
          : ({ kind: 'worker', n, incarnation } as const);
      this.#children.spawn(child, incarnation, roleEnv(role));
    } catch (error) {
      const code = isAtpError(error) && error.code === 'config_invalid' ? EXIT.config : undefined;
      this.take({ kind: 'exited', child, incarnation, code, reason: reasonOf(error) });
    }
  }

  /** For the next supervisor. Without it, that one takes workers for alive that are not, and its owner waits for them. */
  #leave(last: number, workers: readonly WorkerStart[]): void {
    try {
      writeIncarnations(this.#run_dir, { last, workers });
    } catch (error) {
      const message = 'it could not be written down that all processes have ended';
      this.#options.logger.log('warn', message, { error: reasonOf(error) });
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
