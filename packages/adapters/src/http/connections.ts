import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The open sockets of one listener, so that it can stop without cutting short what clients were already answered.
 * node:http's own `closeIdleConnections` also destroys sockets whose last reply is still being flushed.
 */
export class Connections {
  /** Under TLS the raw sockets, of which handshakes that never end are the only trace. */
  readonly #raw: Set<Socket> = new Set();
  readonly #open: Set<Socket> = new Set();
  /** Those that are no HTTP any more: whoever took them over ends them in order. */
  readonly #taken: WeakSet<Socket> = new WeakSet();

  addRaw(socket: Socket): void {
    track(this.#raw, socket);
  }

  add(socket: Socket): void {
    track(this.#open, socket);
  }

  take(socket: Socket): void {
    this.#taken.add(socket);
  }

  /** Closes idle connections now and the others when their reply has left. */
  closeIdle(): void {
    for (const socket of this.#open) {
      if (this.#taken.has(socket)) continue;
      const reply = replyInProgress(socket);
      if (reply === undefined) socket.destroySoon();
      else if (!reply.headersSent) reply.shouldKeepAlive = false;
      else reply.once('finish', () => socket.destroySoon());
    }
  }

  /** Ends every connection as soon as what was written to it has left, or after `flush_ms`. */
  closeAll(flush_ms: number): void {
    for (const socket of this.#open) socket.destroySoon();
    setTimeout(() => {
      for (const socket of [...this.#open, ...this.#raw]) socket.destroy();
    }, flush_ms).unref();
  }
}

/** The reply that node:http has assigned to a connection: kept in this property since its beginnings, never public. */
export function replyInProgress(socket: Socket): ServerResponse | undefined {
  return (socket as { readonly _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}
