import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Connections, replyInProgress } from './connections.ts';

/** What a request to take over a connection says. An `HttpExchange` is one, too. */
export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  readonly secure: boolean;
  readonly remote_address: string;
  header(name: string): string | undefined;
}

/** The connection itself, as node:http hands it over. */
export interface RawUpgrade {
  readonly req: IncomingMessage;
  readonly socket: Socket;
  /** What has come behind the head of the request. */
  readonly head: Buffer;
}

/**
 * Takes connections over from HTTP (RFC 9110, 7.8). They count as connections of the listener until they close, and
 * `stopAccepting` leaves them alone.
 */
export interface UpgradeHook {
  /** False: the request is handled as any other, so that a refusal is an answer as any other. */
  takes(request: UpgradeRequest): boolean;
  /** Called at once after `takes` was true. */
  take(request: UpgradeRequest, raw: RawUpgrade): void;
}

export function shouldUpgrade(hook: UpgradeHook | undefined): (req: IncomingMessage) => boolean {
  if (hook === undefined) return () => false;
  // A client that did not wait for the answer to an earlier request would find the two mixed.
  return (req) => replyInProgress(req.socket) === undefined && hook.takes(viewOf(req));
}

export function takeUpgrades(server: Server, connections: Connections, hook: UpgradeHook): void {
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => {
    connections.take(socket);
    hook.take(viewOf(req), { req, socket, head });
  });
}

function viewOf(req: IncomingMessage): UpgradeRequest {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: req.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    secure: (req.socket as TLSSocket).encrypted === true,
    remote_address: req.socket.remoteAddress ?? '',
    header: (name) => {
      const value = req.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}
