import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectValkey, RETRY_MS, type ValkeyAddress } from '../valkey/connect.ts';
import { reasonOf } from '../valkey/reasons.ts';
import type { Script } from '../valkey/script.ts';

export interface ConnectionOptions {
  readonly address: ValkeyAddress;
  readonly scripts: readonly Script[];
  /** A connection is there. Until the next one nothing else is used. */
  readonly onUp: (client: Redis) => void;
  /** Why there is none: once after each loss and each attempt. */
  readonly onDown: (reason: string) => void;
}

/** One connection after the other, until it is closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  readonly #running: Promise<void>;
  #client: Redis | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Undefined: there is none now. */
  get client(): Redis | undefined {
    return this.#client;
  }

  /** Of no use: the next one may be. */
  leave(client: Redis): void {
    if (this.#client === client) this.#client = undefined;
    client.disconnect();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#client?.disconnect();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { address, scripts, onUp, onDown } = this.#options;
    const { signal } = this.#closed;
    let wait_ms: number = RETRY_MS.first;
    while (!signal.aborted) {
      try {
        const client = await connectValkey(address, scripts);
        if (signal.aborted) client.disconnect();
        else {
          const ended = new Promise<void>((resolve) => {
            client.once('end', resolve);
          });
          this.#client = client;
          wait_ms = RETRY_MS.first;
          onUp(client);
          await ended;
          if (this.#client === client) this.#client = undefined;
          onDown('the connection was lost');
        }
      } catch (error) {
        onDown(reasonOf(error));
      }
      await delay(wait_ms, undefined, { signal, ref: false }).catch(() => undefined);
      wait_ms = Math.min(2 * wait_ms, RETRY_MS.last);
    }
  }
}
