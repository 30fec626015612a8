import { Redis } from 'ioredis';
import type { Script } from './script.ts';

export interface ValkeyAddress {
  /** `redis://` or `rediss://`, with user, password and number of the database. */
  readonly url: string;
  /** PEM: who may have signed the server's certificate; without it those that Node trusts. */
  readonly ca?: string | undefined;
}

/** A connection, with all that comes before its first command. A server that takes longer is as good as none. */
export const CONNECT_MS = 5_000;
/** Between attempts to connect. A server that restarts takes about a second; more often would only load it. */
export const RETRY_MS = { first: 20, last: 1_000 } as const;

/**
 * One connection, with these scripts loaded. It is not made again by itself, and nothing is repeated: who uses it has to know what
 * was answered. Rejects with what the server or the way to it says.
 */
export async function connectValkey({ url, ca }: ValkeyAddress, scripts: readonly Script[]): Promise<Redis> {
  const client = new Redis(url, {
    ...{ lazyConnect: true, retryStrategy: () => null, enableOfflineQueue: false, enableReadyCheck: false },
    ...{ maxRetriesPerRequest: null, autoResendUnfulfilledCommands: false, connectTimeout: CONNECT_MS, protocol: 2 },
    ...{ connectionName: 'atp-router', keepAlive: 10_000, noDelay: true },
    ...(ca !== undefined && { tls: { ca } }),
  });
  let said: Error | undefined;
  client.on('error', (error: Error) => {
    said ??= error;
  });
  try {
    await within(CONNECT_MS, client, client.connect());
    if (said !== undefined) throw said;
    const loads = scripts.map(({ text }) => ['script', 'load', text]);
    for (const [error] of (await within(CONNECT_MS, client, client.pipeline(loads).exec())) ?? []) {
      if (error) throw error;
    }
  } catch (error) {
    client.disconnect();
    throw said ?? error;
  }
  return client;
}

/** Ends the connection when the time is over: what waits for it fails by that. */
export async function within<T>(longest_ms: number, client: Redis, promise: Promise<T>): Promise<T> {
  const timer = setTimeout(() => client.disconnect(), longest_ms);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
