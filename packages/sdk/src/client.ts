import type { SessionEffect } from '@atp-router/session';
import type { Lane, Meta, Payload, WireErrorContent } from '@atp-router/wire';
import { AtpClosedError, AtpTaskError } from './errors.ts';
import { Link } from './link.ts';
import { type Runtime, systemRuntime } from './runtime.ts';
import { Task } from './task.ts';
import type { AskRequest, ClientOptions, TaskOptions } from './types.ts';

const WAITING_MAX = 1_000;

interface Waiting {
  readonly task: Task;
  readonly request: AskRequest;
  readonly options: TaskOptions;
  stream_id?: string;
  is_cancelled: boolean;
}

/**
 * A client of a router: tasks over one session. Connections are made, lost and resumed below it; a session that cannot be
 * resumed fails its tasks, and the next task opens a new one.
 */
export class AtpClient {
  readonly #options: ClientOptions;
  readonly #runtime: Runtime;
  #link: Link | undefined;
  #waiting: Waiting[] = [];
  readonly #tasks: Map<string, Task> = new Map();
  #is_closed = false;
  #idle: (() => void) | undefined;

  constructor(options: ClientOptions, runtime: Runtime = systemRuntime()) {
    this.#options = options;
    this.#runtime = runtime;
  }

  /** Sends a task and gives its events. What is wrong is thrown where they are read. */
  task(request: AskRequest, options: TaskOptions = {}): Task {
    const { signal } = options;
    const stop = (): void => task.cancel();
    const task: Task = new Task({
      consumed: (id) => this.#link?.handle({ type: 'consumed', id }),
      cancel: () => this.#cancel(waiting),
      // A signal may outlive thousands of tasks.
      ended: () => signal?.removeEventListener('abort', stop),
    });
    const waiting: Waiting = { task, request, options, is_cancelled: false };
    if (this.#is_closed) task.fail(new AtpClosedError('The client was closed.'));
    else if (signal?.aborted === true) task.cancel();
    else if (this.#waiting.length >= (this.#options.waiting_max ?? WAITING_MAX)) {
      task.fail(new AtpTaskError({ code: 'EWINDOW', reason: 'Too many tasks wait for the window of the session.' }));
    } else {
      signal?.addEventListener('abort', stop);
      this.#waiting.push(waiting);
      this.#flush(this.#current());
    }
    return task;
  }

  /** Waits for the tasks that run, then ends the session. */
  async close(): Promise<void> {
    this.#is_closed = true;
    if (this.#tasks.size + this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#link?.abort('The client was closed.');
  }

  #current(): Link {
    if (this.#link !== undefined && !this.#link.is_over) return this.#link;
    const link: Link = new Link(this.#runtime, this.#options, {
      onEffect: (effect) => this.#on(link, effect),
      onLink: (event) => this.#options.onLink?.(event),
    });
    this.#link = link;
    link.connect();
    return link;
  }

  /** Opens streams for tasks that wait, as far as the window lets them. */
  #flush(link: Link): void {
    const { session } = link;
    while (this.#waiting.length > 0 && session.phase === 'open') {
      const lane: Lane = { stream_id: session.next_stream_id, persona_id: '', clone_id: '' };
      if (session.refusal(lane, this.#runtime.performance.now()) !== undefined) {
        // Only who was refused is told when there is room.
        link.handle({ type: 'send', lane, message: {} });
        return;
      }
      const waiting = this.#waiting.shift();
      if (waiting === undefined || waiting.is_cancelled) continue;
      waiting.stream_id = lane.stream_id;
      this.#tasks.set(lane.stream_id, waiting.task);
      link.handle({ type: 'send', lane, message: messageOf(link.session_id, waiting), fin: true });
    }
  }

  #on(link: Link, effect: SessionEffect): void {
    switch (effect.type) {
      case 'deliver':
        this.#deliver(link, effect);
        break;
      case 'failed':
        // The end of the stream or session follows, and says why.
        if (effect.way === 'out' && effect.reason !== 'reset')
          this.#fail(effect.id.lane.stream_id, `The task did not arrive (${effect.reason}).`);
        break;
      case 'stream_closed':
        this.#closed(effect);
        break;
      case 'closed':
        this.#lost(effect.error);
        break;
      case 'established':
      case 'writable':
        this.#flush(link);
        break;
      default:
    }
  }

  #deliver(link: Link, { id, frame, fin }: Extract<SessionEffect, { type: 'deliver' }>): void {
    const task = this.#tasks.get(id.lane.stream_id);
    if (task === undefined) link.handle({ type: 'consumed', id });
    else task.take(id, frame.payload, fin);
    if (fin) this.#forget(id.lane.stream_id);
  }

  #closed({ stream_id, error }: Extract<SessionEffect, { type: 'stream_closed' }>): void {
    const content = error?.content as WireErrorContent | undefined;
    const task = this.#tasks.get(stream_id);
    if (content !== undefined) task?.fail(new AtpTaskError(content));
    else task?.fail(new AtpClosedError('The stream ended before the answer was complete.'));
    this.#forget(stream_id);
  }

  #fail(stream_id: string, reason: string): void {
    this.#tasks.get(stream_id)?.fail(new AtpTaskError({ code: 'ETIMEOUT', reason }));
    this.#forget(stream_id);
  }

  /** What waited was never sent: it goes into the next session, unless this one was refused. */
  #lost(error: Payload | undefined): void {
    const content = error?.content as WireErrorContent | undefined;
    const why = content === undefined ? new AtpClosedError('The session has ended.') : new AtpTaskError(content);
    const tasks = [...this.#tasks.values(), ...this.#waiting.splice(0).map(({ task }) => task)];
    this.#tasks.clear();
    for (const task of tasks) task.fail(why);
    this.#checkIdle();
  }

  #cancel(waiting: Waiting): void {
    waiting.is_cancelled = true;
    const { stream_id } = waiting;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    if (stream_id !== undefined && this.#tasks.has(stream_id)) {
      const error = { type: 'error', content: { code: 'EPREEMPT', reason: 'The client does not want it any more.' } };
      this.#link?.handle({ type: 'reset', stream_id, error });
      this.#forget(stream_id);
    }
    this.#checkIdle();
  }

  #forget(stream_id: string): void {
    this.#tasks.delete(stream_id);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#tasks.size + this.#waiting.length === 0) this.#idle?.();
  }
}

function messageOf(
  session_id: string,
  { request, options }: Waiting,
): { readonly payload: Payload; readonly meta: Meta; readonly qos?: NonNullable<TaskOptions['qos']> } {
  const { qos, max_usd_micros, max_tokens, traceparent, task_type, data_scope, deadline_ms, idempotency_key } = options;
  const budget = {
    ...(max_tokens !== undefined && { tokens: max_tokens }),
    ...(max_usd_micros !== undefined && { usd_micros: max_usd_micros }),
  };
  const content = { session_id, targets: [], budget, task: { ...request } };
  const meta: Meta = {
    ...(task_type !== undefined && { task_type }),
    ...(data_scope !== undefined && { data_scope }),
    ...(deadline_ms !== undefined && { deadline_ms }),
    ...(idempotency_key !== undefined && { idempotency_key }),
    ...(traceparent !== undefined && { trace: traceparent }),
  };
  return { payload: { type: 'agent.dispatch', content }, meta, ...(qos !== undefined && { qos }) };
}
