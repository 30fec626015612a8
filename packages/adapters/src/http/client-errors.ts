import type { Socket } from 'node:net';
import { replyInProgress } from './connections.ts';
import { LINGER_MS } from './node-exchange.ts';

/** What node:http could not parse gets a clear answer instead of a silent reset. */
export function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  // Answered already: the rest of what the client sends is swallowed, so that it can read the answer.
  if (socket.writableEnded) return;
  const answer = describe(error.code);
  // Failed handshakes and resets have no one to talk to; text in the middle of another reply would corrupt that one.
  if (answer === undefined || !socket.writable || replyInProgress(socket)?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, code, message] = answer;
  const body = JSON.stringify({ error: { code, message, type: 'invalid_request_error', origin: 'local' } });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function describe(code: string | undefined): readonly [string, string, string] | undefined {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'headers_too_large', 'The request headers are too large.'];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['413 Content Too Large', 'prompt_too_large', 'The chunk extensions of the request body are too large.'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'request_timeout', 'The request headers did not arrive in time.'];
    default:
      return code?.startsWith('HPE_') === true
        ? ['400 Bad Request', 'invalid_request', 'The request is not valid HTTP/1.1.']
        : undefined;
  }
}
