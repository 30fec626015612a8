import { errorPayload } from '@atp-router/wire';
import type { HostedSession } from '../atp/hub-types.ts';
import type { SessionHub } from '../atp/session-hub.ts';
import { ASKED, anywhere, everywhere, type Own } from './everywhere.ts';
import type { AdminParts } from './parts.ts';
import { type AdminRoutes, notFound, ok } from './routes.ts';

/** Entries of the list; beyond, it says that it is cut, and the total how many there are. */
const SHOWN_MAX = 1_000;

/** `/sessions`: sessions of the Agent Transport Protocol as they are now, and an end for one of them. */
export function addSessions(routes: AdminRoutes, { hub, others }: AdminParts): void {
  routes.get('/sessions', ['tenant'], async ({ query }) => {
    const all = await everywhere(others, ASKED.sessions, sessionsHere(hub), query.text('tenant'));
    const total = all.reduce((sum, one) => sum + one.total, 0);
    const data = all.flatMap((one) => one.data).slice(0, SHOWN_MAX);
    return ok({ total, data, truncated: total > data.length });
  });
  routes.delete('/sessions/:tenant/:id', async ({ params }) => {
    const [tenant = '', session_id = ''] = params;
    const ended = await anywhere(others, ASKED.end_session, endHere(hub), { tenant, session_id });
    if (!ended) throw notFound(`session "${session_id}" of tenant "${tenant}"`);
    return ok({ tenant, session_id, ended: true });
  });
}

/** Sessions of this process, of a tenant or of all. */
export function sessionsHere(hub: SessionHub): Own<string | undefined, SessionsHere> {
  return (tenant) => {
    const data: object[] = [];
    let total = 0;
    for (const session of hub.roster.views()) {
      if (tenant !== undefined && session.tenant !== tenant) continue;
      total += 1;
      if (data.length < SHOWN_MAX) data.push(viewOf(session));
    }
    return { total, data };
  };
}

/** Ends a session of this process. Returns whether there was one. */
export function endHere(hub: SessionHub): Own<{ readonly tenant: string; readonly session_id: string }, boolean> {
  return ({ tenant, session_id }) => {
    const error = errorPayload('EPOLICY', { reason: 'An operator has ended the session.' });
    return hub.end(tenant, session_id, error);
  };
}

interface SessionsHere {
  readonly total: number;
  readonly data: readonly object[];
}

function viewOf({ tenant, key_id, session_id, connected, remote_address, view }: HostedSession): object {
  const { agreed, counts } = view;
  return {
    ...{ tenant, key_id, session_id, connected },
    remote_address: remote_address ?? null,
    encoding: agreed?.encoding ?? null,
    signed: agreed?.features.includes('sig') ?? false,
    streams: view.streams,
    lanes: view.lanes,
    window: view.own_window,
    peer_window: view.peer_window,
    peer_status: view.peer_status ?? null,
    rtt_ms: view.rtt_ms === undefined ? null : Math.round(view.rtt_ms),
    held_messages: view.held_messages,
    held_bytes: view.held_bytes,
    counts,
  };
}
