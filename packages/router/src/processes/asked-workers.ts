import type { LinkPeer } from '@atp-router/adapters';
import { toAtpError } from '@atp-router/kernel';
import type { EventType } from '@atp-router/ledger';
import type { EventBatch } from './event-tap.ts';
import type { ForeignEvents, OtherProcesses, OtherReply } from './other-processes.ts';
import { KIND, type WorkerHello } from './shared-view.ts';

/** For one answer. Whoever asks the owner waits for it, and a worker that needs longer is not well. */
const ANSWER_MS = 3_000;

export interface LinkedWorker {
  readonly hello: WorkerHello;
  readonly peer: Pick<LinkPeer, 'ask'>;
}

interface Follower {
  readonly types: ReadonlySet<EventType> | undefined;
  readonly events: ForeignEvents;
}

/** The workers whose links are up, asked by their owner. */
export class AskedWorkers implements OtherProcesses {
  readonly #workers: () => Iterable<LinkedWorker>;
  readonly #followers: Set<Follower> = new Set();

  constructor(workers: () => Iterable<LinkedWorker>) {
    this.#workers = workers;
  }

  get linked(): number {
    return [...this.#workers()].length;
  }

  ask(kind: string, question: unknown, timeout_ms: number = ANSWER_MS): Promise<readonly OtherReply[]> {
    return Promise.all(this.#inOrder().map((worker) => askWorker(worker, kind, question, timeout_ms)));
  }

  async askOne(kind: string, question: unknown): Promise<OtherReply | undefined> {
    const [first] = this.#inOrder();
    return first && askWorker(first, kind, question, ANSWER_MS);
  }

  async follow(types: readonly EventType[] | undefined, events: ForeignEvents): Promise<() => void> {
    const follower: Follower = { types: types && new Set(types), events };
    this.#followers.add(follower);
    await this.ask(KIND.watch, this.#wanted());
    return () => {
      // Who cannot be told now is told with its next link.
      if (this.#followers.delete(follower)) void this.ask(KIND.watch, this.#wanted());
    };
  }

  /** A link has begun: its worker sends nothing by itself. */
  entered(worker: LinkedWorker): void {
    if (this.#followers.size > 0) void askWorker(worker, KIND.watch, this.#wanted(), ANSWER_MS);
  }

  take({ hello: { node_id } }: LinkedWorker, { events, dropped }: EventBatch): void {
    for (const { types, events: to } of [...this.#followers]) {
      for (const { ts_ms, event } of events)
        if (types?.has(event.type) !== false) to.onEvent({ node_id, ts_ms, event });
      if (dropped > 0) to.onDropped(dropped);
    }
  }

  #inOrder(): LinkedWorker[] {
    return [...this.#workers()].sort((a, b) => a.hello.n - b.hello.n);
  }

  /** Types that anybody follows; null: all. */
  #wanted(): readonly EventType[] | null {
    const all = [...this.#followers];
    if (all.some(({ types }) => types === undefined)) return null;
    return [...new Set(all.flatMap(({ types }) => [...(types ?? [])]))];
  }
}

async function askWorker(
  { hello, peer }: LinkedWorker,
  kind: string,
  question: unknown,
  timeout_ms: number,
): Promise<OtherReply> {
  const who = { process: `worker:${hello.n}`, incarnation: hello.incarnation };
  try {
    return { ...who, ok: true, answer: await peer.ask(kind, question, { timeout_ms }) };
  } catch (error) {
    return { ...who, ok: false, error: toAtpError(error) };
  }
}
