import type { IncomingMessage } from 'node:http';
import type { FrameConnectionLimits } from '@atp-router/kernel';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RawUpgrade } from '../http/index.ts';
import { CLOSES } from './closes.ts';
import { SUBPROTOCOL } from './credential.ts';
import { type DeflateParams, DeflateQueue, StatelessDeflate } from './deflate.ts';

const EXTENSION = 'permessage-deflate';

type Extensions = { [EXTENSION]?: { readonly params: DeflateParams } | StatelessDeflate };
type Opened = (ws: WebSocket, req: IncomingMessage) => void;
/** The step between handshake and connection. Its types are not published; the version of `ws` is pinned. */
type CompleteUpgrade = (
  extensions: Extensions,
  key: string,
  protocols: Set<string>,
  req: IncomingMessage,
  socket: RawUpgrade['socket'],
  head: Buffer,
  opened: Opened,
) => void;

/** The server of `ws` with our bounds, and with an extension that keeps no state between messages. */
export class WsServer extends WebSocketServer {
  readonly #limits: FrameConnectionLimits;
  readonly #frame_bytes: number;
  readonly #queue: DeflateQueue;

  constructor(limits: FrameConnectionLimits, frame_bytes: number) {
    const options = {
      noServer: true,
      clientTracking: false,
      maxPayload: frame_bytes,
      maxFragments: limits.message_pieces,
      maxBufferedChunks: limits.message_chunks,
      maxPendingAutoPongs: limits.pending_pongs,
      closeTimeout: limits.close_ms,
      perMessageDeflate: { serverNoContextTakeover: true, clientNoContextTakeover: true },
      handleProtocols: () => SUBPROTOCOL,
    };
    super(options);
    this.#limits = limits;
    this.#frame_bytes = frame_bytes;
    this.#queue = new DeflateQueue(limits.deflate_concurrency);
  }

  completeUpgrade(...[extensions, key, protocols, req, socket, head, opened]: Parameters<CompleteUpgrade>): void {
    const { completeUpgrade } = WebSocketServer.prototype as unknown as { completeUpgrade: CompleteUpgrade };
    const agreed = extensions[EXTENSION];
    if (agreed === undefined) {
      completeUpgrade.call(this, extensions, key, protocols, req, socket, head, opened);
      return;
    }
    const { deflate_from_bytes } = this.#limits;
    const own = new StatelessDeflate(agreed.params, deflate_from_bytes, this.#frame_bytes, this.#queue);
    const withOwn: Opened = (ws) => {
      own.onCorrupt = () => ws.close(CLOSES.not_text, 'The message is not deflated data.');
      opened(ws, req);
    };
    completeUpgrade.call(this, { [EXTENSION]: own }, key, protocols, req, socket, head, withOwn);
  }
}
