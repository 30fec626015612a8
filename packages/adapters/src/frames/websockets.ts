import {
  AtpError,
  DEFAULT_LIMITS,
  FRAME_CONNECTION_LIMITS,
  type FrameConnectionLimits,
  isAtpError,
  toAtpError,
} from '@atp-router/kernel';
import { WIRE_LIMITS, type WireLimits } from '@atp-router/wire';
import type { HttpExchange, RawUpgrade, UpgradeHook, UpgradeRequest } from '../http/index.ts';
import type { FrameAcceptor } from './connection.ts';
import type { FramePrincipal } from './credential.ts';
import { judgeHandshake } from './handshake.ts';
import { WebSocketConnection, type WebSocketShell } from './websocket-connection.ts';
import { WsServer } from './ws-server.ts';

export interface WebSocketOptions {
  readonly acceptor: FrameAcceptor;
  readonly path: string;
  /** Answers a request with an error, in the shape that all errors of the listener have, and these headers more. */
  readonly refuse: (exchange: HttpExchange, error: AtpError, headers: readonly string[]) => void;
  /** Origins whose pages may connect, as browsers write them (`https://app.example`), or `*`. Always: the router's own. */
  readonly allowed_origins?: () => readonly string[];
  /** A peer that takes none of what waits for it is given up after this. Default: as long as other silence, 120 s. */
  readonly client_stall_ms?: () => number;
  readonly limits?: Partial<FrameConnectionLimits>;
  readonly wire?: WireLimits;
}

const NOTHING: readonly string[] = [];
/** Of an answer with 426 (RFC 9110, 15.5.22; RFC 6455, 4.4). */
const UPGRADE: readonly string[] = ['upgrade', 'websocket', 'sec-websocket-version', '13'];

/** WebSockets that carry frames (RFC 6455, with permessage-deflate of RFC 7692): the hook of a listener. */
export class FrameWebSockets implements UpgradeHook {
  readonly #options: WebSocketOptions;
  readonly #shell: WebSocketShell;
  readonly #server: WsServer;
  #is_stopped = false;

  constructor(options: WebSocketOptions) {
    const limits = { ...FRAME_CONNECTION_LIMITS, ...options.limits };
    const wire = options.wire ?? WIRE_LIMITS;
    const client_stall_ms = options.client_stall_ms ?? (() => DEFAULT_LIMITS.idle_ms);
    this.#options = options;
    this.#shell = { acceptor: options.acceptor, limits, wire, client_stall_ms };
    this.#server = new WsServer(limits, wire.frame_bytes);
  }

  /** No new connections; those that are open are their users' to close. */
  stop(): void {
    this.#is_stopped = true;
  }

  takes(request: UpgradeRequest): boolean {
    return request.path === this.#options.path && 'principal' in this.#judge(request);
  }

  /** `GET` of the path that did not become a WebSocket. */
  decline(exchange: HttpExchange): void {
    const verdict = this.#judge(exchange);
    const message = 'A WebSocket cannot be opened over a connection on which an earlier request is under way.';
    const error = 'error' in verdict ? verdict.error : new AtpError('invalid_request', message);
    this.#options.refuse(exchange, error, error.code === 'upgrade_required' ? UPGRADE : NOTHING);
  }

  take(request: UpgradeRequest, { req, socket, head }: RawUpgrade): void {
    const verdict = this.#judge(request);
    if ('error' in verdict) {
      socket.destroy();
      return;
    }
    this.#server.handleUpgrade(req, socket, head, (ws) => {
      new WebSocketConnection(ws, socket, request, verdict.principal, this.#shell);
    });
  }

  #judge(request: UpgradeRequest): Verdict {
    const { acceptor, allowed_origins } = this.#options;
    if (this.#is_stopped)
      return { error: new AtpError('draining', 'The router is shutting down. Connect to another.') };
    try {
      return { principal: judgeHandshake(request, acceptor, allowed_origins?.() ?? NOTHING) };
    } catch (thrown) {
      if (!isAtpError(thrown)) acceptor.onFault(thrown);
      return { error: toAtpError(thrown) };
    }
  }
}

type Verdict = { readonly principal: FramePrincipal | undefined } | { readonly error: AtpError };
