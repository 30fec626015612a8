import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { AtpError } from '@atp-router/kernel';
import type { HttpExchange, HttpServerHandle } from './exchange.ts';
import { NodeExchange } from './node-exchange.ts';

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly header_bytes: number;
  /** Idle keep-alive connections are closed after this; longer than the usual 60 s of load balancers. */
  readonly keep_alive_ms: number;
  /** Time a client has to send its headers. */
  readonly header_timeout_ms: number;
  /** Open connections; more are refused at accept. */
  readonly connections_max: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly client_ca?: string };
  readonly onRequest: (exchange: HttpExchange) => void;
}

/** Starts listening. Rejects with `config_invalid` naming the address when that is not possible. */
export function listen(options: HttpServerOptions): Promise<HttpServerHandle> {
  const server = create(options);
  server.maxConnections = options.connections_max;
  server.keepAliveTimeout = options.keep_alive_ms;
  server.headersTimeout = options.header_timeout_ms;
  // Bodies have their own idle limit in the exchange; a total limit would cut large uploads over slow links.
  server.requestTimeout = 0;
  server.on('clientError', onClientError);
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'the address is in use' : (cause.code ?? 'unknown reason');
      reject(
        new AtpError('config_invalid', `Cannot listen on ${options.host}:${options.port}: ${why}.`, {
          param: 'listen',
          cause,
        }),
      );
    });
    server.listen(options.port, options.host, 1_024, () => {
      const { address, port } = server.address() as AddressInfo;
      resolve({
        address: { host: address, port },
        stopAccepting: () => {
          server.close();
          server.closeIdleConnections();
        },
        connections: () => new Promise((res) => server.getConnections((_error, count) => res(count))),
        close: () =>
          new Promise((res) => {
            server.close(() => res());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function create(options: HttpServerOptions): Server {
  const onRequest = (req: IncomingMessage, res: ServerResponse): void => {
    options.onRequest(new NodeExchange(req, res));
  };
  const common = { maxHeaderSize: options.header_bytes, noDelay: true, keepAlive: true };
  if (options.tls === undefined) return createServer(common, onRequest);
  const { cert, key, client_ca } = options.tls;
  return createTlsServer(
    {
      ...common,
      cert,
      key,
      minVersion: 'TLSv1.2',
      ...(client_ca === undefined ? {} : { ca: client_ca, requestCert: true, rejectUnauthorized: true }),
    },
    onRequest,
  );
}

/** What node:http could not parse gets a clear answer instead of a silent reset. */
function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = describe(error.code);
  const body = JSON.stringify({ error: { code, message, type: 'invalid_request_error', origin: 'local' } });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function describe(code: string | undefined): readonly [string, string, string] {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return ['431 Request Header Fields Too Large', 'headers_too_large', 'The request headers are too large.'];
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return ['408 Request Timeout', 'request_timeout', 'The request headers did not arrive in time.'];
  }
  return ['400 Bad Request', 'invalid_request', 'The request is not valid HTTP/1.1.'];
}
