import { AtpError } from '@atp-router/kernel';

export function tooSlow(what: 'disk' | 'server of the sessions' = 'disk'): AtpError {
  return new AtpError('backpressure', `The session cannot be kept: the ${what} is too slow for what is to be kept.`, {
    retry_after_ms: 1_000,
  });
}

export function endedThread(cause: Error | undefined): AtpError {
  const text = 'The thread that keeps the sessions ended. It is started again; what it had to keep is not kept.';
  return new AtpError('internal_error', text, { ...(cause && { cause }) });
}

export function damaged(aside: string): AtpError {
  return new AtpError(
    'internal_error',
    `The file of the sessions was damaged: they are lost, and their clients have to open new ones. It is now ${aside}. Look after the disk.`,
  );
}

export function outdated(count: number, path: string): AtpError {
  return new AtpError(
    'internal_error',
    `${count} sessions in ${path} were kept by an older version of the router, whose form this one does not read: they are dropped, and their clients have to open new ones.`,
  );
}

export function sealedOtherwise(count: number, path: string): AtpError {
  return new AtpError(
    'internal_error',
    `${count} sessions in ${path} cannot be opened with the seal key in the data directory and are dropped. Was seal.key replaced, or the file changed?`,
  );
}
