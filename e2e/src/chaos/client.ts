import { AtpClient, AtpTaskError, type LinkEvent, systemRuntime } from '@atp-router/sdk';
import { http } from '@atp-router/sdk/http';
import { secretOf } from '../config.ts';

/** What a client knows of one of its tasks. Exactly one of `final_id` and `error` when it is over. */
export interface TaskRecord {
  readonly req: string;
  /** Pieces of the text, joined as they came. */
  text: string;
  /** Results that came; one at most. */
  finals: number;
  final_id?: string;
  final_text?: string;
  error?: string;
}

/** What carries a session. */
export type ChaosCarrier = 'websocket' | 'http';

/** One session that does one task after the other, whatever becomes of its connections. */
export class ChaosClient {
  readonly tasks: TaskRecord[] = [];
  readonly carrier: ChaosCarrier;
  readonly #client: AtpClient;
  readonly #name: string;
  readonly #done: () => void;
  reconnects = 0;
  /** Of plain HTTP: events that were read on behind the last one, within the same connection. */
  reads_on = 0;

  constructor(url: string, name: string, carrier: ChaosCarrier, done: () => void) {
    this.carrier = carrier;
    this.#name = name;
    this.#done = done;
    const runtime = systemRuntime();
    const fetch: typeof runtime.fetch = (to, init) => {
      if ('last-event-id' in (init as { readonly headers: object }).headers) this.reads_on += 1;
      return runtime.fetch(to, init);
    };
    const options = {
      ...{
        url,
        key: secretOf('acme'),
        ...(carrier === 'http' && { transport: http }),
        reconnect: { base_ms: 20, cap_ms: 500 },
      },
      onLink: (event: LinkEvent): void => {
        if (event.type === 'disconnected') this.reconnects += 1;
      },
    };
    this.#client = new AtpClient(options, { ...runtime, fetch });
  }

  async run(mark: string, count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      await this.#task(mark, `${this.#name}t${i}`);
      this.#done();
    }
    await this.#client.close();
  }

  async #task(mark: string, req: string): Promise<void> {
    const record: TaskRecord = { req, text: '', finals: 0 };
    this.tasks.push(record);
    try {
      for await (const event of this.#client.task({ prompt: `${mark} req:${req} `, model: 'm-chat' })) {
        if (event.type === 'partial' && event.kind === 'text') record.text += event.delta;
        if (event.type !== 'final') continue;
        record.finals += 1;
        record.final_id = event.result.id;
        record.final_text = event.result.text;
      }
    } catch (error) {
      record.error = error instanceof AtpTaskError ? error.code : String(error);
    }
  }
}
