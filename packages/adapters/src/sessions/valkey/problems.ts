import { AtpError } from '@atp-router/kernel';

/** Never the text of the client or of the server: it may have the address, and with it a password. */
export function reasonOf(error: unknown): string {
  const { name, message, code } = (error ?? {}) as { name?: unknown; message?: unknown; code?: unknown };
  if (name === 'ReplyError') return WORDS[codeOf(String(message))] ?? `it answered ${codeOf(String(message))}`;
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,63}$/.test(code)) return WORDS[code] ?? code;
  return 'the connection was lost';
}

/** The first word of an error that the server answers. */
export function codeOf(message: string): string {
  return /^[A-Z]{2,32}\b/.exec(message)?.[0] ?? 'an error';
}

const WORDS: Readonly<Record<string, string>> = {
  WRONGPASS: 'it does not accept user and password (WRONGPASS)',
  NOAUTH: 'it wants a password (NOAUTH)',
  NOPERM: 'the user may not do what is needed (NOPERM)',
  READONLY: 'it is a replica (READONLY)',
  MISCONF: 'it cannot write its snapshots and takes nothing (MISCONF)',
  LOADING: 'it is still loading its data (LOADING)',
  BUSY: 'it is busy with a script (BUSY)',
  NOREPLICAS: 'it has too few replicas (NOREPLICAS)',
  OOM: 'its memory is full (OOM)',
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'there is no such host (ENOTFOUND)',
};

const ADVICE =
  'See that it runs, that this machine may connect, and that user, password and number of the database are right.';

/** What keeps a router from starting. */
export function unusable(reason: string): AtpError {
  return new AtpError('config_invalid', `The server of sessions.store.url cannot be used: ${reason}. ${ADVICE}`, {
    param: 'sessions.store.url',
  });
}

export function unanswered(reason: string, within_ms: number): AtpError {
  const what = `The server of sessions.store.url has not kept what it was to keep within ${within_ms} ms: ${reason}`;
  return new AtpError('internal_error', `${what}. Sessions that change meanwhile end. ${ADVICE}`);
}

export function refusedBy(reason: string): AtpError {
  const what = `The server of sessions.store.url does not keep sessions: ${reason}`;
  return new AtpError('internal_error', `${what}. Those that change meanwhile end.`);
}

export function outOfMemory(): AtpError {
  return new AtpError(
    'internal_error',
    'The server of sessions.store.url has no memory left (OOM): sessions that need more there end. Raise its maxmemory, or lower sessions.max_kept_bytes_per_tenant.',
  );
}

/** It was there: a server that is empty now has lost more than this one. */
export function gone(): AtpError {
  return new AtpError(
    'internal_error',
    'Sessions are not on the server of sessions.store.url any more: it was emptied, restarted without its data, or evicts them. They end when they change. Give it persistence, and maxmemory-policy noeviction.',
  );
}

export function moved(): AtpError {
  return new AtpError('internal_error', 'The session is at another router now.');
}

export function evicting(policy: string): AtpError {
  return new AtpError(
    'config_invalid',
    `The server of sessions.store.url has maxmemory-policy ${policy}: where its memory is full, it forgets sessions that are in use. Set noeviction.`,
    { param: 'sessions.store.url' },
  );
}

export function sealedByOthers(): AtpError {
  return new AtpError(
    'internal_error',
    'Sessions on the server of sessions.store.url cannot be opened with sessions.store.seal_key: they were sealed with another key, or changed. Routers that share the server need the same key.',
  );
}
