/** Exit codes, as documented in docs/operations/cli.md. */
export const EXIT = {
  ok: 0,
  /** It ran, and the answer is no: a check found faults, or the router refused. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** No router answers. */
  unreachable: 3,
  /** The key is missing, unknown, or of the wrong kind. */
  denied: 4,
  /** Part of what was asked for could not be done, and what could be done found nothing to object to. */
  incomplete: 5,
  /** A fault of the program itself (EX_SOFTWARE of sysexits). */
  internal: 70,
  /** The router cannot start with this configuration (EX_CONFIG of sysexits). */
  config: 78,
  /** Ended at once by a second signal. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What went wrong and what to do, in words for the user. Shown as `atp: message`, never with a stack. */
export class CliError extends Error {
  readonly exit_code: ExitCode;

  constructor(exit_code: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exit_code = exit_code;
  }
}
