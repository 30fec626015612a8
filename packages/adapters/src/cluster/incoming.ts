import type { Redis } from 'ioredis';

/** A read waits for so long at the server; without an answer for so much longer the connection is of no use. */
const BLOCK_MS = 2_000;
const LATE_MS = 3_000;
/** Entries of one read: with the longest of them all, 25 MB. */
const READ_MAX = 100;

export interface IncomingOptions {
  readonly key: string;
  readonly onMessages: (from: string, messages: readonly unknown[]) => void;
  /** Whoever took them threw: they are lost, and reading goes on. */
  readonly onThrown: (from: string, thrown: unknown) => void;
  readonly leave: (client: Redis) => void;
}

type Entry = readonly [id: string, fields: readonly string[]];

/** Reads what others write to the stream of this process, from where it was over to the next connection. */
export class Incoming {
  readonly #options: IncomingOptions;
  #last = '0-0';
  received_total = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** Until the connection ends, which whatever goes wrong does. */
  async readFrom(client: Redis): Promise<void> {
    const { key, leave } = this.#options;
    try {
      await this.#find(client);
      for (;;) {
        const late = setTimeout(() => leave(client), BLOCK_MS + LATE_MS);
        const found = (await client
          .call('xread', 'COUNT', READ_MAX, 'BLOCK', BLOCK_MS, 'STREAMS', key, this.#last)
          .finally(() => clearTimeout(late))) as readonly (readonly [string, readonly Entry[]])[] | null;
        const entries = found?.[0]?.[1] ?? [];
        for (const entry of entries) this.#take(entry);
        // What was read need not be kept; that it is gone need not be known.
        if (entries.length > 0) void client.call('xtrim', key, 'MINID', this.#last).catch(() => undefined);
      }
    } catch {
      leave(client);
    }
  }

  /** A server that has lost the stream may give lower numbers than before. */
  async #find(client: Redis): Promise<void> {
    const [newest] = (await client.call('xrevrange', this.#options.key, '+', '-', 'COUNT', 1)) as readonly Entry[];
    if (newest === undefined || isBefore(newest[0], this.#last)) this.#last = '0-0';
  }

  #take([id, fields]: Entry): void {
    this.#last = id;
    const at = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
    let messages: unknown;
    try {
      messages = JSON.parse(at('messages'));
    } catch {
      return;
    }
    if (!Array.isArray(messages)) return;
    this.received_total += messages.length;
    const from = at('from');
    try {
      this.#options.onMessages(from, messages);
    } catch (thrown) {
      this.#options.onThrown(from, thrown);
    }
  }
}

/** Numbers of entries are `<ms>-<count>`. */
function isBefore(a: string, b: string): boolean {
  const [ms_a = 0, count_a = 0] = a.split('-').map(Number);
  const [ms_b = 0, count_b = 0] = b.split('-').map(Number);
  return ms_a === ms_b ? count_a < count_b : ms_a < ms_b;
}
