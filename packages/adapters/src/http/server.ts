import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AtpError, DEFAULT_LIMITS } from '@atp-router/kernel';
import { type HttpPlace, listenAt } from './address.ts';
import { ClientErrors } from './client-errors.ts';
import { Connections } from './connections.ts';
import type { HttpExchange, HttpServerHandle } from './exchange.ts';
import { NodeExchange } from './node-exchange.ts';
import { shouldUpgrade, takeUpgrades, type UpgradeHook } from './upgrade.ts';

export interface HttpServerOptions extends HttpPlace {
  readonly header_bytes: number;
  /** Bytes that wait in memory for a slow reader before `write` says so; also what is read ahead of a body. */
  readonly high_water_bytes?: number;
  /** Idle keep-alive connections are closed after this; longer than the usual 60 s of load balancers. */
  readonly keep_alive_ms: number;
  /** Time a client has for its TLS handshake, and then for its headers. */
  readonly header_timeout_ms: number;
  /** A client that takes none of what waits for it is given up after this. Default: as long as other silence, 120 s. */
  readonly client_stall_ms?: number | (() => number);
  /** Open connections; more are refused at accept. */
  readonly connections_max: number;
  readonly tls?: { readonly cert: string; readonly key: string; readonly client_ca?: string };
  /** Every request comes from a process of this router, which says the client's address. For a Unix socket of this user alone. */
  readonly believes_address?: boolean;
  readonly onRequest: (exchange: HttpExchange) => void;
  /** Takes connections over from HTTP. Without it, and where it declines, a request that asks for that is one as any other. */
  readonly upgrade?: UpgradeHook;
  /** Ids of what is refused before it becomes a request. Default: `req_` and a UUID. */
  readonly newId?: () => string;
}

/** Time in which clients can take what was written to them before the listener closed. */
const FLUSH_MS = 2_000;

/** Starts listening. Rejects with `config_invalid` naming the address, or the TLS material, when that is not possible. */
export async function listen(options: HttpServerOptions): Promise<HttpServerHandle> {
  const server = create(options);
  const connections = new Connections();
  server.maxConnections = options.connections_max;
  server.keepAliveTimeout = options.keep_alive_ms;
  server.headersTimeout = options.header_timeout_ms;
  // Bodies have their own limits in the exchange, which answers in the shape of the endpoint and as its generation says.
  server.requestTimeout = 0;
  if (options.tls === undefined) server.on('connection', (socket) => connections.add(socket));
  else {
    server.on('connection', (socket) => connections.addRaw(socket));
    server.on('secureConnection', (socket) => connections.add(socket));
  }
  if (options.upgrade !== undefined) takeUpgrades(server, connections, options.upgrade);
  const address = await listenAt(server, options);
  server.on('error', warnOnce());
  return handleOf(server, connections, address);
}

function handleOf(server: Server, connections: Connections, address: HttpServerHandle['address']): HttpServerHandle {
  // The base class's `close` only stops accepting. That of http.Server destroys sockets with a reply still to flush, so
  // it is left for the end, when there are none, to stop its own timer.
  const stopAccepting = (done?: () => void): void => {
    NetServer.prototype.close.call(server, done);
  };
  server.once('close', () => server.close());
  // A request that still comes over a connection in use is its last.
  const isLast = (_req: IncomingMessage, res: ServerResponse): void => {
    res.shouldKeepAlive = false;
  };
  return {
    address,
    stopAccepting: () => {
      if (!server.listening) return;
      stopAccepting();
      server.prependListener('request', isLast);
      server.prependListener('checkContinue', isLast);
      connections.closeIdle();
    },
    connections: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    close: () =>
      new Promise((resolve) => {
        stopAccepting(resolve);
        connections.closeAll(FLUSH_MS);
      }),
  };
}

function create(options: HttpServerOptions): Server {
  const { client_stall_ms = DEFAULT_LIMITS.idle_ms } = options;
  const settings = {
    clientStall_ms: typeof client_stall_ms === 'number' ? () => client_stall_ms : client_stall_ms,
    believes_address: options.believes_address === true,
  };
  const common = {
    highWaterMark: options.high_water_bytes ?? DEFAULT_LIMITS.relay_high_water_bytes,
    maxHeaderSize: options.header_bytes,
    noDelay: true,
    keepAlive: true,
    // It would be an empty answer; `ClientErrors` looks itself.
    requireHostHeader: false,
    shouldUpgradeCallback: shouldUpgrade(options.upgrade),
    // How often node:http looks for late headers: a late client has at most a quarter more than its time.
    connectionsCheckingInterval: Math.ceil(options.header_timeout_ms / 4),
  };
  const server = options.tls === undefined ? createServer(common) : createSecure(common, options, options.tls);
  const refusals = new ClientErrors(options.newId ?? (() => `req_${randomUUID()}`));
  const take = (req: IncomingMessage, res: ServerResponse, awaits_continue: boolean): void => {
    if (refusals.lacksHost(req, res, settings)) return;
    options.onRequest(new NodeExchange(req, res, settings, awaits_continue));
  };
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => refusals.onClientError(error, socket));
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => refusals.onConnect(socket));
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    refusals.onExpectation(req, res, settings);
  });
  server.on('request', (req: IncomingMessage, res: ServerResponse) => take(req, res, false));
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => take(req, res, true));
  return server;
}

function createSecure(
  common: Parameters<typeof createServer>[0] & object,
  options: HttpServerOptions,
  tls: NonNullable<HttpServerOptions['tls']>,
): Server {
  const { cert, key, client_ca } = tls;
  try {
    return createTlsServer({
      ...common,
      cert,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: options.header_timeout_ms,
      ...(client_ca === undefined ? {} : { ca: client_ca, requestCert: true, rejectUnauthorized: true }),
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    throw new AtpError('config_invalid', `listen.tls: certificate and key cannot be used: ${why}.`, {
      param: 'listen.tls',
      cause,
    });
  }
}

/** A connection that could not be accepted (no file descriptors left) is lost; the listener and its streams go on. */
function warnOnce(): (error: NodeJS.ErrnoException) => void {
  let warned = false;
  return (error) => {
    if (!warned) process.emitWarning(`A connection could not be accepted: ${error.message}`);
    warned = true;
  };
}
