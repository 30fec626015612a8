import type { Logger } from '@atp-router/adapters';
import type { Terminal } from '../terminal.ts';
import type { SupervisorLink } from './link.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** What the outside asks of this process. */
export interface Signals {
  /** Resolves with the first request to end: the signal, or what the supervisor says. */
  readonly stop: Promise<string>;
  /** What SIGHUP does; until this is called it does nothing. */
  onHangup(run: () => void): void;
}

/**
 * npm passes signals on to its script. What a terminal (Ctrl-C) or a service manager sends to the whole group has reached
 * the script already: one request to end arrives twice, a few milliseconds apart.
 */
const ECHO_MS = 500;

/** Listens for signals to this process. `onSecond` is for a second request to end, and each after it. */
export function listenForSignals(terminal: Terminal, onSecond: () => void): Signals {
  const hangup = { run: (): void => undefined };
  process.on('SIGHUP', () => hangup.run());
  const stop = new Promise<string>((resolve) => {
    let first: { readonly signal: StopSignal; readonly at_ms: number } | undefined;
    const onSignal = (signal: StopSignal): void => {
      const at_ms = performance.now();
      if (first === undefined) {
        first = { signal, at_ms };
        resolve(signal);
      } else if (!isEcho(terminal, first, { signal, at_ms })) onSecond();
    };
    process.on('SIGINT', () => onSignal('SIGINT'));
    process.on('SIGTERM', () => onSignal('SIGTERM'));
  });
  return {
    stop,
    onHangup: (run) => {
      hangup.run = run;
    },
  };
}

/**
 * The same for a process with a supervisor, which alone is asked by signals: terminals and service managers send them to
 * all processes, and the owner has to outlive the workers. One whose supervisor is gone ends in order by itself.
 */
export function listenToSupervisor(link: SupervisorLink, logger: Logger): Signals {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () =>
      logger.log('debug', 'signal is left to the supervisor', { signal, supervisor: process.ppid }),
    );
  }
  const stop = new Promise<string>((resolve) => {
    link.onStop(resolve);
    link.onDisconnect(() => {
      logger.log('error', 'the supervisor is gone');
      resolve('supervisor gone');
    });
  });
  return { stop, onHangup: (run) => link.onReload(run) };
}

interface Arrival {
  readonly signal: StopSignal;
  readonly at_ms: number;
}

function isEcho(terminal: Terminal, first: Arrival, second: Arrival): boolean {
  const under_npm = terminal.env['npm_lifecycle_event'] !== undefined;
  return under_npm && second.signal === first.signal && second.at_ms - first.at_ms < ECHO_MS;
}
