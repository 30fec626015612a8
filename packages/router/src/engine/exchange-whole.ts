import type { UpstreamRequest, UpstreamTransport } from '@atp-router/adapters';
import { AtpError } from '@atp-router/kernel';

export interface WholeReply {
  readonly status: number;
  readonly body: Buffer;
}

/** One request with a whole, bounded answer, outside of any call: counting, health checks, lists of models. `signal` ends it. */
export function exchangeWhole(
  transport: UpstreamTransport,
  request: UpstreamRequest,
  bytes_max: number,
  signal?: AbortSignal,
): Promise<WholeReply> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let status = 0;
    const exchange = transport.send(request, {
      onHead: (code) => {
        status = code;
      },
      onData: (chunk) => {
        bytes += chunk.length;
        if (bytes <= bytes_max) chunks.push(chunk);
        else {
          exchange.cancel();
          reject(
            new AtpError('upstream_error', `The provider sent more than ${bytes_max} bytes.`, { origin: 'remote' }),
          );
        }
      },
      onEnd: () => resolve({ status, body: Buffer.concat(chunks) }),
      onFail: ({ kind, cause }) => {
        reject(new AtpError('upstream_error', `The provider did not answer (${kind}).`, { origin: 'remote', cause }));
      },
    });
    const giveUp = (): void => {
      exchange.cancel();
      reject(new AtpError('request_cancelled', 'The provider was not waited for any longer.'));
    };
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}
