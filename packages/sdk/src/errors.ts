import { ERROR_CATALOGUE, type ErrorCode } from '@atp-router/kernel';
import { isWireCode, WIRE_ERRORS, type WireErrorContent } from '@atp-router/wire';

/**
 * What a router, an agent or the session said went wrong. `code` is a wire code (`EBUDGET`, `EWINDOW` …) or one that a
 * later edition added; `details.error` is the name in the router's catalogue.
 */
export class AtpTaskError extends Error {
  override readonly name: string = 'AtpTaskError';
  readonly code: string;
  readonly retry_after_ms: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor({ code, reason, retry_after_ms, details }: WireErrorContent) {
    super(reason);
    this.code = code;
    this.retry_after_ms = retry_after_ms;
    this.details = (details ?? {}) as Readonly<Record<string, unknown>>;
  }

  /**
   * The same task may do better later, not before `retry_after_ms` where that is known: there was no room (`EWINDOW`), a better
   * tier needed the place (`EPREEMPT`), a provider failed. By the name in the catalogue, else by the wire code.
   */
  get retryable(): boolean {
    const name = String(this.details['error']);
    if (Object.hasOwn(ERROR_CATALOGUE, name)) return ERROR_CATALOGUE[name as ErrorCode].retryable;
    return isWireCode(this.code) && WIRE_ERRORS[this.code].retryable;
  }
}

/**
 * The task had been sent when its session ended, or a part of its answer did not arrive, and what became of it is not known: the
 * router may have done it (S20, S21, S32). Only an `idempotency_key` makes it safe to ask again.
 */
export class AtpInDoubtError extends AtpTaskError {
  override readonly name: string = 'AtpInDoubtError';
  readonly may_have_arrived = true;
  /** Not without an `idempotency_key`, which this error does not know of. */
  override get retryable(): boolean {
    return false;
  }
  /** Text of the answer that had come, in order, before what is missing. From `Task.result()` only: a reader of events has it. */
  received: string | undefined;
}

/** The session ended before the task did: by `close()`, because it could not be resumed, or because it was aborted. */
export class AtpClosedError extends Error {
  override readonly name: string = 'AtpClosedError';
}

/** The task was cancelled by this program. */
export class AtpCancelledError extends Error {
  override readonly name: string = 'AtpCancelledError';
}
