import { AtpError, type ErrorCode, isAtpError } from '@atp-router/kernel';
import type { DaySumsOf, TablesStart } from '../sql/index.ts';
import type { JournalLimit } from './projector.ts';
import type { QuestionName } from './questions.ts';
import type { LedgerStore } from './store-place.ts';

/** Handed to the worker at its start. */
export interface WorkerInput {
  readonly dir: string;
  readonly node_id: string;
  readonly store: LedgerStore;
  /** To be reached before the worker says that it is ready. */
  readonly limit: JournalLimit;
  /** For the start state: the day whose totals count, and the time by which keys expire. */
  readonly now_ms: number;
  readonly batch_records?: number;
  /** Whose totals of days the start is told; absent: of all nodes in the tables. */
  readonly sums_of?: DaySumsOf;
}

/** An error as it crosses threads. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /** The text of what caused it, which may name hosts and files: for the operator's log, not for clients. */
  readonly cause?: string;
}

export type ToWorker =
  /** The journal has grown. `mark` comes back in `reached`. */
  | { readonly kind: 'limit'; readonly limit: JournalLimit; readonly mark: number }
  /** Answered when the tables hold everything up to the limit: whoever asks sees what was written before. */
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly name: QuestionName;
      readonly args: readonly unknown[];
      readonly limit: JournalLimit;
    }
  | { readonly kind: 'rebuild'; readonly id: number; readonly limit: JournalLimit }
  /** `elapsed_ms`: how long the process ran since the last pass, 0 for the first. */
  | {
      readonly kind: 'retain';
      readonly now_ms: number;
      readonly elapsed_ms: number;
      readonly retain_days: number;
      readonly current_epoch: number;
    }
  | { readonly kind: 'close'; readonly limit: JournalLimit };

export type FromWorker =
  | { readonly kind: 'ready'; readonly start: TablesStart; readonly rebuilt?: string }
  | { readonly kind: 'not_ready'; readonly error: WireError }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: WireError }
  /** Everything up to the limit that had this mark is in the tables. */
  | { readonly kind: 'reached'; readonly mark: number }
  /** The tables do not follow the journal now; it is tried again. */
  | { readonly kind: 'problem'; readonly error: WireError }
  | { readonly kind: 'closed' };

export function toWire(error: unknown): WireError {
  if (isAtpError(error)) {
    const { code, message, param, details, cause } = error;
    const more = { ...(param !== undefined && { param }), ...(details && { details }) };
    return { code, message, ...more, ...(cause instanceof Error && { cause: cause.message }) };
  }
  const message = `The usage tables cannot be used (${reasonOf(error)}). The router's log has more; calls are not affected.`;
  return { code: 'internal_error', message, cause: error instanceof Error ? error.message : String(error) };
}

/** For whoever starts the router, who sees no log then. */
export function notReady(error: unknown): WireError {
  if (isAtpError(error)) return toWire(error);
  const text = error instanceof Error ? error.message : String(error);
  return { ...toWire(error), message: `The usage tables could not be made ready: ${text}. Please report this fault.` };
}

export function fromWire({ code, message, param, details, cause }: WireError): AtpError {
  return new AtpError(code, message, {
    ...(param !== undefined && { param }),
    ...(details && { details }),
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}

/** The code of a system or SQL error, or SQLite's fixed text for its own; never a text that names a host or a file. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if ('errstr' in error && typeof error.errstr === 'string') return error.errstr;
  return 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
}
