import { parentPort, workerData } from 'node:worker_threads';
import { AtpError, assert } from '@atp-router/kernel';
import type { SqlDriver } from '../sql/index.ts';
import { readStart } from '../sql/index.ts';
import { fileProblem } from '../system-error.ts';
import { type JournalLimit, Projector } from './projector.ts';
import { type Answers, answersFrom } from './questions.ts';
import { applyRetention } from './retention.ts';
import { openTables } from './store.ts';
import { type FromWorker, notReady, type ToWorker, toWire, type WorkerInput } from './worker-protocol.ts';

/** Between attempts after an error: the database may be full, locked or away. Doubles up to the longest. */
const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 30_000;

/** The thread that owns the tables: carries the journal into them and answers questions, one thing after another. */
class ProjectionThread {
  readonly #driver: SqlDriver;
  readonly #projector: Projector;
  readonly #answers: Answers;
  readonly #send: (message: FromWorker) => void;
  readonly #tasks: Exclude<ToWorker, { kind: 'limit' }>[] = [];
  #limit: JournalLimit;
  #mark = 0;
  #running = false;
  #dirty = false;
  #retry_ms = RETRY_FIRST_MS;
  #retry: NodeJS.Timeout | undefined;

  constructor(driver: SqlDriver, projector: Projector, input: WorkerInput, send: (message: FromWorker) => void) {
    this.#driver = driver;
    this.#projector = projector;
    this.#answers = answersFrom(driver, input.node_id);
    this.#limit = input.limit;
    this.#send = send;
  }

  receive(message: ToWorker): void {
    if (message.kind === 'limit') {
      this.#limit = message.limit;
      this.#mark = message.mark;
      this.#dirty = true;
    } else this.#tasks.push(message);
    if (!this.#running && (this.#retry === undefined || message.kind !== 'limit')) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let task = this.#tasks.shift(); task !== undefined || this.#dirty; task = this.#tasks.shift()) {
      if (task !== undefined) await this.#work(task);
      else await this.#follow();
    }
    this.#running = false;
  }

  /** Follows the journal to the newest limit, letting questions in between two batches. */
  async #follow(): Promise<void> {
    const mark = this.#mark;
    try {
      if (await this.#projector.step(this.#limit)) return await nextTurn();
      if (mark === this.#mark) this.#dirty = false;
      this.#retry_ms = RETRY_FIRST_MS;
      this.#send({ kind: 'reached', mark });
    } catch (error) {
      this.#dirty = false;
      this.#later(error);
    }
  }

  #later(error: unknown): void {
    this.#send({ kind: 'problem', error: toWire(error) });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#dirty = true;
      if (!this.#running) void this.#run();
    }, this.#retry_ms);
    this.#retry_ms = Math.min(RETRY_LONGEST_MS, this.#retry_ms * 2);
  }

  async #work(task: Exclude<ToWorker, { kind: 'limit' }>): Promise<void> {
    switch (task.kind) {
      case 'ask':
        return this.#reply(task.id, async () => {
          await this.#projector.catchUp(task.limit);
          return this.#answers.ask(task.name, ...(task.args as never));
        });
      case 'rebuild':
        return this.#reply(task.id, async () => {
          await this.#projector.rebuild('asked for');
          await this.#projector.catchUp(task.limit);
          return this.#projector.cursor;
        });
      case 'retain':
        return this.#retain(task);
      case 'close':
        return this.#close(task.limit);
    }
  }

  async #reply(id: number, work: () => Promise<unknown>): Promise<void> {
    try {
      this.#send({ kind: 'answer', id, value: await work() });
    } catch (error) {
      this.#send({ kind: 'refused', id, error: toWire(error) });
    }
  }

  async #retain(task: Extract<ToWorker, { kind: 'retain' }>): Promise<void> {
    try {
      const result = await applyRetention({ projector: this.#projector, driver: this.#driver, ...task });
      if (result.more) this.#tasks.push({ ...task, elapsed_ms: 0 });
      const { believed_ms = 0 } = result;
      if (believed_ms < task.now_ms)
        this.#send({ kind: 'problem', error: toWire(clockJumped(believed_ms, task.now_ms)) });
    } catch (error) {
      this.#send({ kind: 'problem', error: toWire(error) });
    }
    await nextTurn();
  }

  async #close(limit: JournalLimit): Promise<void> {
    clearTimeout(this.#retry);
    try {
      await this.#projector.catchUp(limit);
      await this.#driver.flush();
    } catch (error) {
      this.#send({ kind: 'problem', error: toWire(error) });
    }
    await this.#driver.close();
    this.#send({ kind: 'closed' });
    parentPort?.close();
  }
}

function clockJumped(believed_ms: number, now_ms: number): AtpError {
  const [believed, now] = [believed_ms, now_ms].map((ms) => new Date(ms).toISOString());
  return new AtpError(
    'internal_error',
    `The clock says ${now}, far from what the journal knows, so retention goes by ${believed} for now. If the clock is right, retention catches up by itself; otherwise set it.`,
  );
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function start(input: WorkerInput, send: (message: FromWorker) => void): Promise<ProjectionThread> {
  const { dir, node_id, batch_records } = input;
  return openTables(input.store, async ({ driver, lost, keepAside }) => {
    const projector = await Projector.open({
      dir,
      node_id,
      driver,
      keepAside,
      ...(batch_records !== undefined && { batch_records }),
    });
    await projector.catchUp(input.limit);
    const tables = await readStart(driver, node_id, input.now_ms, input.sums_of);
    const rebuilt = lost ?? projector.rebuilt;
    send({ kind: 'ready', start: tables, ...(rebuilt !== undefined && { rebuilt }) });
    return new ProjectionThread(driver, projector, input, send);
  });
}

async function main(): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'this file runs in a worker thread');
  const send = (message: FromWorker): void => port.postMessage(message);
  // Messages that come during the start wait here.
  const early: ToWorker[] = [];
  let thread: ProjectionThread | undefined;
  port.on('message', (message: ToWorker) => {
    if (thread === undefined) early.push(message);
    else thread.receive(message);
  });
  const input = workerData as WorkerInput;
  try {
    thread = await start(input, send);
    for (const message of early) thread.receive(message);
  } catch (error) {
    send({ kind: 'not_ready', error: notReady(fileProblem('The journal', input.dir, error)) });
    port.close();
  }
}

await main();
