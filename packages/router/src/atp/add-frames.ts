import { FrameStreams, FrameWebSockets, sessionRoomMetrics } from '@atp-router/adapters';
import type { Core } from '../core.ts';
import { replyError, requestId } from '../http/reply.ts';
import type { RouterTable } from '../http/router-table.ts';
import { streamsElsewhere } from '../processes/sessions/other-streams.ts';
import { HubAcceptor } from './hub-acceptor.ts';
import { ownerOfKey } from './open-hub.ts';

export const SOCKET_PATH = '/ws';
export const STREAMS_PATH = '/v1/streams';

export interface FrameWays {
  readonly sockets: FrameWebSockets;
  readonly streams: FrameStreams;
}

/** The ways for frames into a router: WebSockets, and plain HTTP for those that cannot open one. */
export function addFrames(table: RouterTable, { seat, engine, hub, bus, manager, metrics, sessions }: Core): FrameWays {
  const { onFault } = engine.parts;
  const acceptor = new HubAcceptor(hub, (credential) => ownerOfKey(engine, credential), onFault);
  const idle_ms = (): number => manager.config.limits.idle_ms;
  const sockets = new FrameWebSockets({
    ...{ acceptor, path: SOCKET_PATH, client_stall_ms: idle_ms },
    allowed_origins: () => manager.config.sessions.allowed_origins,
    refuse: (exchange, error, headers) => replyError(exchange, error, requestId(engine), headers),
  });
  const others = streamsElsewhere(seat, (exchange, error) => replyError(exchange, error, requestId(engine)));
  bus.listen((event) => {
    if (event.type === 'node.stopped') void others?.close();
  });
  const streams = new FrameStreams({
    ...{ acceptor, path: STREAMS_PATH, ...(others && { others }) },
    limits: { tenant_streams: manager.config.sessions.max_http_connections_per_tenant },
    refuse: (exchange, error) => replyError(exchange, error, requestId(engine)),
    body: () => manager.config.limits,
  });
  sessionRoomMetrics(
    metrics.registry,
    () => ({ connections: streams.size, refused: streams.refused }),
    sessions && (() => sessions.usage()),
  );
  table.add('GET', SOCKET_PATH, (exchange) => sockets.decline(exchange));
  table.add('POST', STREAMS_PATH, (exchange) => streams.open(exchange));
  table.add('POST', `${STREAMS_PATH}/:id/frames`, (exchange, [id = '']) => streams.push(exchange, id));
  table.add('GET', `${STREAMS_PATH}/:id/events`, (exchange, [id = '']) => streams.events(exchange, id));
  return { sockets, streams };
}
