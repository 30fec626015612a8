import type { Redis } from 'ioredis';

/** Longest list of messages in one entry of a stream: a message of credit is at most so long itself. */
const ENTRY_CHARS = 262_144;
/** Entries of a stream that nobody reads: its reader is gone, or would be behind what it needs to know. */
const ENTRIES_MAX = 1_000;
/** A stream whose process is gone, and to which nobody writes any more. */
const STREAM_TTL_MS = 60_000;
/** What the server has not answered yet. Beyond, messages are lost: whoever needs more says hello again. */
const UNANSWERED_CHARS = 8_388_608;

export interface OutgoingOptions {
  readonly self: string;
  readonly keyOf: (to: string) => string;
  readonly client: () => Redis | undefined;
  /** So many messages were not sent, or perhaps not. */
  readonly onLost: (messages: number) => void;
}

/** Messages to other processes, gathered for one turn of the event loop, each process's in their order. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #waiting: Map<string, string[]> = new Map();
  #waiting_chars = 0;
  #unanswered_chars = 0;
  #flush: NodeJS.Immediate | undefined;
  sent_total = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  add(to: string, message: unknown): void {
    const text = JSON.stringify(message);
    if (this.#waiting_chars + this.#unanswered_chars + text.length > UNANSWERED_CHARS) {
      this.#options.onLost(1);
      return;
    }
    const messages = this.#waiting.get(to) ?? [];
    this.#waiting.set(to, messages);
    messages.push(text);
    this.#waiting_chars += text.length;
    this.#flush ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    const chars = this.#waiting_chars;
    this.#waiting.clear();
    this.#waiting_chars = 0;
    const count = waiting.reduce((sum, [, messages]) => sum + messages.length, 0);
    const client = this.#options.client();
    if (client === undefined) {
      this.#options.onLost(count);
      return;
    }
    this.#unanswered_chars += chars;
    void this.#write(client, waiting)
      .then((is_done) => {
        if (is_done) this.sent_total += count;
        else this.#options.onLost(count);
      })
      .finally(() => {
        this.#unanswered_chars -= chars;
      });
  }

  async #write(client: Redis, waiting: readonly (readonly [string, readonly string[]])[]): Promise<boolean> {
    const { self, keyOf } = this.#options;
    const commands = waiting.flatMap(([to, messages]) => [
      ...entriesOf(messages).map((entry) => [
        ...['xadd', keyOf(to), 'MAXLEN', '~', String(ENTRIES_MAX), '*', 'from', self, 'messages', entry],
      ]),
      ['pexpire', keyOf(to), String(STREAM_TTL_MS)],
    ]);
    try {
      const answers = (await client.pipeline(commands).exec()) ?? [];
      return answers.length === commands.length && answers.every(([error]) => error === null);
    } catch {
      return false;
    }
  }
}

/** As JSON, in lists that are not too long. */
function entriesOf(messages: readonly string[]): readonly string[] {
  const entries: string[] = [];
  let some: string[] = [];
  let chars = 0;
  for (const message of messages) {
    if (some.length > 0 && chars + message.length > ENTRY_CHARS) {
      entries.push(`[${some.join(',')}]`);
      some = [];
      chars = 0;
    }
    some.push(message);
    chars += message.length;
  }
  entries.push(`[${some.join(',')}]`);
  return entries;
}
