import { AtpError } from '@atp-router/kernel';

/** The file that was being written was deleted, moved away or replaced, alone or with its folder. */
export class JournalGone extends Error {
  readonly code = 'gone';

  constructor(path: string) {
    super(
      `${path} was deleted, moved away or replaced. What was recorded in it since then is lost. Put the journal back, from a backup if need be, and restart the router.`,
    );
  }
}

/** Why the journal cannot be written, in words that may reach a client: no path, but the system's code. */
export function journalFailure(cause: unknown): AtpError {
  if (cause instanceof JournalGone) {
    const message =
      'The router cannot record calls: the journal file that it was writing is gone. New calls are refused until the router is restarted.';
    return new AtpError('internal_error', message, { status: 503, cause, details: { reason: cause.code } });
  }
  const code = errorCode(cause);
  const advice = mayPass(cause)
    ? 'New calls are refused until there is space again; calls in flight are finished and recorded then.'
    : 'New calls are refused until the router is restarted on a disk that works.';
  return new AtpError(
    'internal_error',
    `The router cannot record calls: its journal is not writable (${code}). ${advice}`,
    {
      status: 503,
      cause,
      details: { reason: code },
    },
  );
}

/** Whether the same write may succeed later: the disk or the quota is full, not broken. */
export function mayPass(cause: unknown): boolean {
  const code = errorCode(cause);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function errorCode(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown error';
}
