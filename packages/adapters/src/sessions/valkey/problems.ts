import { AtpError } from '@atp-router/kernel';
import { ADVICE } from '../../valkey/reasons.ts';

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
