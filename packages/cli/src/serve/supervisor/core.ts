import type { WorkerStart } from '@atp-router/router';
import { EXIT } from '../../exit.ts';
import { workerName } from './names.ts';
import { Turn } from './turn.ts';
import type { ChildName, Step, SupervisorEvent, SupervisorState, TimerName } from './types.ts';

/**
 * What the supervisor of `atp serve --workers` decides: a state and an event in, a state and effects out, without a clock.
 * The owner is started first, the workers once it is ready. Who dies later is started again; who ends before all were ready
 * ends the start. An end goes the other way round: workers first.
 */

export interface SupervisorStart {
  /** At least 1. */
  readonly workers: number;
  /** Highest incarnation that an earlier supervisor of this data directory gave; 0: there was none. */
  readonly last: number;
  readonly earlier: readonly WorkerStart[];
  readonly grace_ms: number;
}

/** Starts the owner. */
export function begin({ workers, last, earlier, grace_ms }: SupervisorStart): Step {
  const names: readonly ChildName[] = ['owner', ...Array.from({ length: workers }, (_, i) => workerName(i + 1))];
  const turn = new Turn({
    phase: { kind: 'starting' },
    children: new Map(names.map((name) => [name, { state: 'absent' }])),
    last,
    earlier,
    grace_ms,
  });
  turn.spawn('owner', 0);
  return turn.end();
}

/** Events that come too late, as a message of a process that has ended, change nothing. */
export function step(state: SupervisorState, event: SupervisorEvent): Step {
  const turn = new Turn(state);
  // The last effect was to exit.
  if (state.phase.kind !== 'ended') take(turn, event);
  return turn.end();
}

function take(turn: Turn, event: SupervisorEvent): void {
  switch (event.kind) {
    case 'spawned': {
      const { child, incarnation, pid } = event;
      if (turn.isAlive(child, incarnation)) turn.log('info', 'process started', { child, pid, incarnation });
      break;
    }
    case 'ready':
      turn.ready(event.child, event.incarnation, event.info);
      break;
    case 'grace':
      turn.grace_ms = event.grace_ms;
      break;
    case 'exited':
      if (turn.isAlive(event.child, event.incarnation)) turn.exited(event);
      break;
    case 'timer':
      onTimer(turn, event.timer);
      break;
    case 'stop':
      // The stop of a start that failed goes on as it is, with its own exit code.
      if (turn.phase.kind !== 'stopping') turn.stop(event.signal, EXIT.ok);
      break;
    case 'stop now':
      turn.stopNow();
      break;
    case 'hangup':
      onHangup(turn);
      break;
  }
}

function onTimer(turn: Turn, timer: TimerName): void {
  switch (timer.kind) {
    case 'restart':
      turn.restart(timer.child, timer.incarnation);
      break;
    case 'steady':
      turn.steady(timer.child, timer.incarnation);
      break;
    case 'stop':
      turn.stopIsLate(timer.step);
      break;
  }
}

/** Only the owner reads the file again; it tells the workers. */
function onHangup(turn: Turn): void {
  if (turn.phase.kind === 'stopping') return;
  if (turn.alive().includes('owner')) turn.send('owner', { type: 'reload' });
  else turn.log('info', 'SIGHUP: the owner is being started again, and reads the configuration then', {});
}
