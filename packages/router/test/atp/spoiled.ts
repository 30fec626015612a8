import { type Runtime, type SocketLike, systemRuntime } from '@atp-router/sdk';
import { decodeFrame, decodeJson, encodeCbor, type Frame } from '@atp-router/wire';

/** What becomes of the frames of one way. */
export type Spoil = (frame: Frame) => Frame;

const read = (data: unknown): Frame =>
  typeof data === 'string' ? decodeJson(data) : decodeFrame(new Uint8Array(data as ArrayBuffer));

/** The runtime's own sockets, over which not everything comes as it was sent. */
export function spoiledRuntime({
  out = (frame) => frame,
  back = (frame) => frame,
}: {
  out?: Spoil;
  back?: Spoil;
}): Runtime {
  const system = systemRuntime();
  const Socket = class extends system.WebSocket {
    constructor(url: string, protocols: readonly string[]) {
      super(url, protocols);
      Object.defineProperty(this, 'onmessage', {
        set: (take: (event: { readonly data: unknown }) => void) => {
          const handler = ({ data }: { readonly data: unknown }): void => {
            const frame = read(data);
            const came = back(frame);
            take({ data: came === frame ? data : encodeCbor(came).slice().buffer });
          };
          Reflect.set(system.WebSocket.prototype, 'onmessage', handler, this);
        },
      });
    }
    override send(data: string | Uint8Array): void {
      const frame = typeof data === 'string' ? decodeJson(data) : decodeFrame(data);
      const sent = out(frame);
      super.send(sent === frame ? data : encodeCbor(sent));
    }
  } as new (
    url: string,
    protocols: readonly string[],
  ) => SocketLike;
  return { ...system, WebSocket: Socket };
}
