import { AtpError, isAtpError } from '@atp-router/kernel';

/** Told what went wrong inside the router while it handled a call: for whoever runs it, never for a client. */
export type OnFault = (fault: unknown) => void;

/** What a step threw. */
export interface Fault {
  readonly thrown: unknown;
}

/**
 * Steps that others must not have to pay for: the steps of an end, which all have to be gone through, and those that only
 * watch. What one of them throws is reported and given back.
 */
export class Faults {
  readonly #onFault: OnFault;

  constructor(onFault: OnFault) {
    this.#onFault = onFault;
  }

  safely(run: () => void): Fault | undefined {
    try {
      run();
      return undefined;
    } catch (thrown) {
      this.report(thrown);
      return { thrown };
    }
  }

  /** Reports what was thrown if it says nothing of a request: an `AtpError` of the catalogue is an answer, not a fault. */
  note(thrown: unknown): void {
    if (!isAtpError(thrown)) this.report(thrown);
    else if (thrown.code === 'internal_error' && thrown.cause !== undefined) this.report(thrown.cause);
  }

  report(thrown: unknown): void {
    try {
      this.#onFault(thrown);
    } catch {
      // Who watches for faults must not make one.
    }
  }
}

/** Enough to find the place; the text of an error may quote a prompt. */
const FRAMES = 3;

/** A fault as an operator is told of it. */
export function problemOf(thrown: unknown): AtpError {
  if (isAtpError(thrown)) return thrown;
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  const lines = thrown instanceof Error ? (thrown.stack?.split('\n') ?? []) : [];
  const frames = lines.filter((line) => line.startsWith('    at ')).slice(0, FRAMES);
  const where = frames.map((line) => line.trim()).join(' ');
  return new AtpError('internal_error', `A call met ${name} ${where}`.trim(), { cause: thrown });
}
