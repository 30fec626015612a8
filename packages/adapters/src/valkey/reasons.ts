/** What to look at when it cannot be used. */
export const ADVICE =
  'See that it runs, that this machine may connect, and that user, password and number of the database are right.';

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
