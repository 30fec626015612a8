import type { Terminal } from '../terminal.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';

export interface Signals {
  /** Resolves with the first signal that asks the process to end. */
  readonly stop: Promise<StopSignal>;
  /** What SIGHUP does; until this is called it does nothing. */
  onHangup(run: () => void): void;
}

/**
 * npm passes signals on to its script. What a terminal (Ctrl-C) or a service manager sends to the whole group has reached
 * the script already: one request to end arrives twice, a few milliseconds apart.
 */
const ECHO_MS = 500;

/** Listens for signals to this process. `onSecond` is for a second request to end: it must not return. */
export function listenForSignals(terminal: Terminal, onSecond: () => never): Signals {
  const hangup = { run: (): void => undefined };
  process.on('SIGHUP', () => hangup.run());
  const stop = new Promise<StopSignal>((resolve) => {
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

interface Arrival {
  readonly signal: StopSignal;
  readonly at_ms: number;
}

function isEcho(terminal: Terminal, first: Arrival, second: Arrival): boolean {
  const under_npm = terminal.env['npm_lifecycle_event'] !== undefined;
  return under_npm && second.signal === first.signal && second.at_ms - first.at_ms < ECHO_MS;
}
