import type { AtpError } from '@atp-router/kernel';
import {
  FrameStreams,
  type FrameStreamsOptions,
  FrameWebSockets,
  type WebSocketOptions,
} from '../../../src/frames/index.ts';
import type { HttpExchange, HttpServerHandle, HttpServerOptions } from '../../../src/http/index.ts';
import { startServer } from '../../http/support/test-server.ts';
import { EchoAcceptor } from './echo.ts';

export interface FrameServer {
  readonly port: number;
  readonly acceptor: EchoAcceptor;
  readonly sockets: FrameWebSockets;
  readonly streams: FrameStreams;
  readonly http: HttpServerHandle;
}

type More = Partial<WebSocketOptions> & Partial<FrameStreamsOptions> & { readonly http?: Partial<HttpServerOptions> };

/** A listener with both ways for frames, and an echo behind them. */
export async function startFrames(more: More = {}): Promise<FrameServer> {
  const acceptor = new EchoAcceptor();
  const sockets = new FrameWebSockets({ acceptor, path: '/ws', refuse: refuseJson, ...more });
  const streams = new FrameStreams({ acceptor, path: '/v1/streams', refuse: refuseJson, ...more });
  const serve = (exchange: HttpExchange): void => {
    const [, , , id = '', what] = exchange.path.split('/');
    if (exchange.path === '/ws') sockets.decline(exchange);
    else if (what === 'frames') streams.push(exchange, id);
    else if (what === 'events') streams.events(exchange, id);
    else if (exchange.path === '/v1/streams') streams.open(exchange);
    else exchange.reply(404, [], 'none');
  };
  const http = await startServer(serve, { upgrade: sockets, ...more.http });
  return { port: http.address.port, acceptor, sockets, streams, http };
}

function refuseJson(exchange: HttpExchange, error: AtpError, headers: readonly string[] = []): void {
  const { status, code, message, param } = error;
  const body = JSON.stringify({ error: { code, message, param: param ?? null } });
  exchange.reply(status, ['content-type', 'application/json', ...headers], body);
}
