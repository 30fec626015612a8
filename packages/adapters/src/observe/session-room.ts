import type { SessionStoreUsage } from '../sessions/index.ts';
import type { MetricRegistry } from './registry.ts';

export interface HttpConnectionsUsage {
  readonly connections: number;
  readonly refused: Readonly<Record<'tenant' | 'all', number>>;
}

/** Adds what sessions take of what all tenants share. `kept`: absent where nothing is kept. */
export function sessionRoomMetrics(
  registry: MetricRegistry,
  http: () => HttpConnectionsUsage,
  kept: (() => SessionStoreUsage) | undefined,
): void {
  const none: SessionStoreUsage = { bytes: 0, refused: { sessions: 0, session: 0, tenant: 0, all: 0 } };
  const store = kept ?? ((): SessionStoreUsage => none);
  const gauge = (name: string, help: string, value: () => number): void =>
    registry.live({ name, help, type: 'gauge', read: () => [{ labels: [], value: value() }] });
  const counter = (name: string, help: string, counts: () => Readonly<Record<string, number>>, label = 'limit'): void =>
    registry.live({
      ...{ name, help, type: 'counter', labels: [label] },
      read: () => Object.entries(counts()).map(([which, value]) => ({ labels: [which], value })),
    });
  gauge('atp_session_store_bytes', 'What is kept of sessions for a router that follows.', () => store().bytes);
  counter(
    'atp_session_store_refused_total',
    'Sessions that could not be kept any more, by the limit: their number (`sessions`), bytes of one (`session`), of one tenant (`tenant`), of `all`.',
    () => store().refused,
  );
  counter(
    'atp_session_store_moved_total',
    'Sessions that came from another router (`in`), and that went to one (`out`), where routers share their store.',
    () => ({ ...(store().moved ?? { in: 0, out: 0 }) }),
    'way',
  );
  gauge('atp_http_frame_connections', 'Connections for frames over plain HTTP.', () => http().connections);
  counter(
    'atp_http_frame_connections_refused_total',
    'Those for which there was no room, by the limit: of one `tenant`, or of `all`.',
    () => http().refused,
  );
}
