import type { WorkerStart } from '@atp-router/router';
import { EXIT, type ExitCode } from '../../exit.ts';
import type { Order, ReadyInfo } from '../link.ts';
import { workerName, workerNumber } from './names.ts';
import type {
  Child,
  ChildName,
  Phase,
  Step,
  StopStep,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorState,
} from './types.ts';

/** Before the second start in a row; doubled each time. The first is at once: one death says nothing about the next. */
const RESTART_FIRST_MS = 100;
/** As long as somebody may have to wait after what kept a process from starting is mended. */
const RESTART_MAX_MS = 5_000;
/** Ready for so long, a process is taken for one that can run. */
const STEADY_MS = 60_000;
/** What a process may take beyond the grace time: for the last answers, the journal, tables and threads. */
const STOP_MARGIN_MS = 15_000;
/** SIGKILL takes effect at once, except in a call of the system that cannot be interrupted. */
const KILLED_MS = 5_000;

const EXIT_CODES: ReadonlySet<number> = new Set(Object.values(EXIT));

/** What one event makes of a state. Lives for that event only. */
export class Turn {
  phase: Phase;
  grace_ms: number;
  readonly #children: Map<ChildName, Child>;
  readonly #effects: SupervisorEffect[] = [];
  #last: number;
  #earlier: readonly WorkerStart[];

  constructor({ phase, children, last, earlier, grace_ms }: SupervisorState) {
    this.phase = phase;
    this.#children = new Map(children);
    this.#last = last;
    this.#earlier = earlier;
    this.grace_ms = grace_ms;
  }

  end(): Step {
    const { phase, grace_ms } = this;
    const state = { phase, children: this.#children, last: this.#last, earlier: this.#earlier, grace_ms };
    return { state, effects: this.#effects };
  }

  /** Children that have a process. */
  alive(): ChildName[] {
    return [...this.#children].filter(([, child]) => hasProcess(child)).map(([name]) => name);
  }

  isAlive(name: ChildName, incarnation: number): boolean {
    const child = this.#children.get(name);
    return child !== undefined && hasProcess(child) && child.incarnation === incarnation;
  }

  spawn(name: ChildName, failures: number): void {
    this.#last += 1;
    const incarnation = this.#last;
    // Of two processes with the data directory of one worker the second could not start.
    this.#earlier = this.#earlier.filter(({ n }) => workerName(n) !== name);
    this.#effects.push({ kind: 'spawn', child: name, incarnation, workers: this.#workers() });
    this.#children.set(name, { state: 'starting', incarnation, failures });
  }

  send(child: ChildName, order: Order): void {
    this.#effects.push({ kind: 'send', child, order });
  }

  log(
    level: 'info' | 'warn' | 'error',
    message: string,
    fields: Readonly<Record<string, string | number | undefined>>,
  ): void {
    this.#effects.push({ kind: 'log', level, message, fields });
  }

  ready(name: ChildName, incarnation: number, info: ReadyInfo): void {
    const child = this.#children.get(name);
    if (child?.state !== 'starting' || child.incarnation !== incarnation) return;
    this.#children.set(name, { state: 'ready', incarnation, failures: child.failures, info });
    this.#effects.push({ kind: 'arm', timer: { kind: 'steady', child: name, incarnation }, after_ms: STEADY_MS });
    if (this.phase.kind === 'starting') this.#goOnStarting();
    else if (this.phase.kind === 'running') this.log('info', 'process is ready again', { child: name, incarnation });
  }

  exited({ child: name, incarnation, code, reason }: Extract<SupervisorEvent, { readonly kind: 'exited' }>): void {
    const child = this.#children.get(name);
    if (child === undefined || !hasProcess(child)) return;
    const fields = { child: name, incarnation, code, reason };
    switch (this.phase.kind) {
      case 'starting':
        this.#children.set(name, { state: 'ended' });
        this.log('error', 'process ended before all were ready: the start is given up', fields);
        this.stop('start failed', failureCode(code));
        break;
      case 'running': {
        const after_ms = restartDelay(child.failures);
        this.log('error', 'process ended and is started again', { ...fields, after_ms });
        this.#children.set(name, { state: 'waiting', incarnation, failures: child.failures + 1 });
        const timer = { kind: 'restart', child: name, incarnation } as const;
        if (after_ms === 0) this.restart(name, incarnation);
        else this.#effects.push({ kind: 'arm', timer, after_ms });
        break;
      }
      case 'stopping':
        this.#children.set(name, { state: 'ended' });
        this.log('info', 'process ended', fields);
        this.#goOnStopping();
        break;
      case 'ended':
        break;
    }
  }

  restart(name: ChildName, incarnation: number): void {
    const child = this.#children.get(name);
    if (child?.state === 'waiting' && child.incarnation === incarnation) this.spawn(name, child.failures);
  }

  steady(name: ChildName, incarnation: number): void {
    const child = this.#children.get(name);
    if (child?.state !== 'ready' || child.incarnation !== incarnation) return;
    this.#children.set(name, { ...child, failures: 0 });
    // Whatever they held of an owner that is dead is over by now, and this one has not heard of them.
    if (name === 'owner') this.#earlier = [];
  }

  /** An ordered end; nothing is started any more. */
  stop(reason: string, code: ExitCode): void {
    this.#startNoMore();
    this.#step('workers', reason, code, this.grace_ms + STOP_MARGIN_MS);
    for (const name of this.alive()) if (name !== 'owner') this.send(name, { type: 'stop', reason });
    this.#goOnStopping();
  }

  stopNow(): void {
    this.#startNoMore();
    this.#kill(this.alive());
    this.#step('owner killed', 'second signal', EXIT.interrupted, KILLED_MS);
    this.#goOnStopping();
  }

  /** The time of a step of the ordered end is over. */
  stopIsLate(step: StopStep): void {
    if (this.phase.kind !== 'stopping' || this.phase.step !== step) return;
    const { reason, code } = this.phase;
    const failed = code === EXIT.ok ? EXIT.internal : code;
    const late = this.alive();
    for (const child of late) {
      const is_worker_step = step === 'workers' || step === 'workers killed';
      if (is_worker_step && child === 'owner') continue;
      const is_killed = step === 'workers killed' || step === 'owner killed';
      this.log('error', is_killed ? 'process does not end, and is left' : 'process does not stop, and is killed', {
        child,
      });
    }
    switch (step) {
      case 'workers':
        this.#kill(late.filter((name) => name !== 'owner'));
        this.#step('workers killed', reason, failed, KILLED_MS);
        break;
      case 'workers killed':
        this.#stopOwner(reason, failed);
        break;
      case 'owner':
        this.#kill(late);
        this.#step('owner killed', reason, failed, KILLED_MS);
        break;
      case 'owner killed':
        this.#exit(failed);
        break;
    }
  }

  /** Workers that may be alive. */
  #workers(): WorkerStart[] {
    const own = [...this.#children].flatMap(([name, child]) => {
      const n = workerNumber(name);
      return n === undefined || !hasProcess(child) ? [] : [{ n, incarnation: child.incarnation }];
    });
    return [...this.#earlier, ...own].toSorted((a, b) => a.n - b.n);
  }

  #goOnStarting(): void {
    const owner = this.#children.get('owner');
    if (owner?.state !== 'ready' || owner.info.kind !== 'owner') return;
    for (const [name, child] of this.#children) if (child.state === 'absent') this.spawn(name, 0);
    const children = [...this.#children.values()];
    if (!children.every((child) => child.state === 'ready')) return;
    this.phase = { kind: 'running' };
    const worker = children.map(({ info }) => info).find((info) => info.kind === 'worker');
    if (worker !== undefined) this.#effects.push({ kind: 'welcome', owner: owner.info, worker });
  }

  #goOnStopping(): void {
    if (this.phase.kind !== 'stopping') return;
    const { step, reason, code } = this.phase;
    const alive = this.alive();
    if (step === 'workers' || step === 'workers killed') {
      if (!alive.some((name) => name !== 'owner')) this.#stopOwner(reason, code);
    } else if (alive.length === 0) this.#exit(code);
  }

  #stopOwner(reason: string, code: ExitCode): void {
    this.#step('owner', reason, code, STOP_MARGIN_MS);
    if (this.alive().includes('owner')) this.send('owner', { type: 'stop', reason });
    this.#goOnStopping();
  }

  #step(step: StopStep, reason: string, code: ExitCode, within_ms: number): void {
    this.phase = { kind: 'stopping', step, reason, code };
    this.#effects.push({ kind: 'arm', timer: { kind: 'stop', step }, after_ms: within_ms });
  }

  #startNoMore(): void {
    for (const [name, child] of this.#children) if (!hasProcess(child)) this.#children.set(name, { state: 'ended' });
  }

  #kill(names: readonly ChildName[]): void {
    for (const child of names) this.#effects.push({ kind: 'kill', child });
  }

  #exit(code: ExitCode): void {
    this.phase = { kind: 'ended', code };
    this.#effects.push({ kind: 'exit', code, workers: this.#workers() });
  }
}

function hasProcess(child: Child): child is Extract<Child, { readonly state: 'starting' | 'ready' }> {
  return child.state === 'starting' || child.state === 'ready';
}

function restartDelay(failures: number): number {
  return failures === 0 ? 0 : Math.min(RESTART_MAX_MS, RESTART_FIRST_MS * 2 ** (failures - 1));
}

/** Of a process that ended when it should not have: its own exit code where that says why. */
function failureCode(code: number | undefined): ExitCode {
  return code !== undefined && code !== EXIT.ok && EXIT_CODES.has(code) ? (code as ExitCode) : EXIT.internal;
}
