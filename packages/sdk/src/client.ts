import type { SessionEffect } from '@atp-router/session';
import { isWireCode, type Lane, type Payload, WIRE_ERRORS, type WireErrorContent } from '@atp-router/wire';
import { Backoff } from './backoff.ts';
import { Deadline } from './deadline.ts';
import { AtpClosedError, AtpInDoubtError, AtpTaskError } from './errors.ts';
import { ATTEMPTS_MAX, Link } from './link.ts';
import { tell } from './listeners.ts';
import { checkOptions } from './options.ts';
import { requestMessage } from './request.ts';
import { type Runtime, rngOf, systemRuntime } from './runtime.ts';
import { unsendable } from './sendable.ts';
import { Task } from './task.ts';
import type { AskRequest, BudgetLeft, ClientOptions, TaskOptions } from './types.ts';

const WAITING_MAX = 1_000;
/** The router's own word on a deadline is the better one: it has a name in the catalogue, and comes a round trip later. */
const DEADLINE_GRACE_MS = 2_000;

interface Asked {
  readonly task: Task;
  readonly request: AskRequest;
  readonly options: TaskOptions;
  readonly deadline: Deadline | undefined;
  /** Where it was sent. */
  sent?: { readonly link: Link; readonly stream_id: string };
}

/**
 * A client of a router: tasks over one session. Connections are made, lost and resumed below it; a session that cannot be
 * resumed fails the tasks that were sent, and what waits goes into the next one.
 */
export class AtpClient {
  readonly #options: ClientOptions;
  readonly #runtime: Runtime;
  readonly #backoff: Backoff;
  #link: Link | undefined;
  #reopen: unknown;
  #waiting: Asked[] = [];
  readonly #tasks: Map<string, Asked> = new Map();
  #is_closed = false;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  /** Throws for an address, a key or a signing key that cannot be one. */
  constructor(options: ClientOptions, runtime: Runtime = systemRuntime()) {
    checkOptions(options);
    this.#options = options;
    this.#runtime = runtime;
    this.#backoff = new Backoff(rngOf(runtime), options.reconnect);
  }

  /** Sends a task and gives its events. What is wrong is thrown where they are read. */
  task(request: AskRequest, options: TaskOptions = {}): Task {
    const { signal, deadline_ms } = options;
    const stop = (): void => task.cancel();
    const deadline = deadline_ms === undefined ? undefined : new Deadline(this.#runtime, deadline_ms);
    const task: Task = new Task({
      // Of a session that has ended nothing is known any more.
      consumed: (id) => asked.sent?.link.handle({ type: 'consumed', id }),
      cancel: () => this.#leave(asked),
      ended: () => {
        // A signal may outlive thousands of tasks.
        signal?.removeEventListener('abort', stop);
        deadline?.cancel();
      },
    });
    const asked: Asked = { task, request, options, deadline };
    if (this.#is_closed) task.fail(new AtpClosedError('The client was closed.'));
    else if (signal?.aborted === true) task.cancel();
    else if (this.#waiting.length >= (this.#options.waiting_max ?? WAITING_MAX)) {
      task.fail(new AtpTaskError({ code: 'EWINDOW', reason: 'Too many tasks wait for the window of the session.' }));
    } else {
      signal?.addEventListener('abort', stop);
      deadline?.watch(() => this.#due(asked));
      this.#waiting.push(asked);
      this.#next();
    }
    return task;
  }

  /**
   * Waits for the tasks that run, then ends the session, within two seconds. A task that nobody reads is given up when it waits for its
   * reader. Whoever calls it again waits for the same.
   */
  close(): Promise<void> {
    this.#is_closed = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const asked of this.#tasks.values()) this.#giveUpUnread(asked);
    if (this.#tasks.size + this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#runtime.clearTimeout(this.#reopen);
    await this.#link?.finish('The client was closed.');
  }

  /** Sends what waits, over a session that is there or over a new one; not while one is about to be tried again. */
  #next(): void {
    if (this.#waiting.length === 0 || this.#reopen !== undefined) return;
    if (this.#link === undefined || this.#link.is_over) {
      const link: Link = new Link(this.#runtime, this.#options, {
        onEffect: (effect) => this.#on(link, effect),
        onLink: (event) => tell(this.#options.onLink, event),
      });
      this.#link = link;
      link.connect();
    } else this.#flush(this.#link);
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
      const asked = this.#waiting.shift();
      if (asked !== undefined) this.#send(link, lane, asked);
    }
    this.#checkIdle();
  }

  #send(link: Link, lane: Lane, asked: Asked): void {
    const { task, request, options, deadline } = asked;
    const { stream_id } = lane;
    if (deadline !== undefined && deadline.left_ms <= 0) {
      task.fail(late());
      return;
    }
    try {
      const message = requestMessage(link.session_id, request, options, deadline?.left_ms);
      this.#tasks.set(stream_id, asked);
      asked.sent = { link, stream_id };
      link.send(lane, message, true);
    } catch (thrown) {
      this.#tasks.delete(stream_id);
      task.fail(unsendable('The request', thrown));
    }
  }

  #on(link: Link, effect: SessionEffect): void {
    switch (effect.type) {
      case 'deliver':
        this.#deliver(link, effect);
        break;
      case 'failed':
        this.#failed(effect);
        break;
      case 'stream_closed':
        this.#closed(effect);
        break;
      case 'closed':
        this.#lost(link, effect.error);
        break;
      case 'peer_window':
        tell(this.#options.onWindow, effect.window);
        break;
      case 'established':
        if (!effect.resumed) tell(this.#options.onWindow, effect.agreed.window);
        this.#flush(link);
        break;
      case 'writable':
        this.#flush(link);
        break;
      default:
    }
  }

  #deliver(link: Link, { id, frame, fin }: Extract<SessionEffect, { type: 'deliver' }>): void {
    this.#backoff.reset();
    const asked = this.#tasks.get(id.lane.stream_id);
    if (frame.payload?.type === 'control.budget_update') {
      tell(this.#options.onBudget, frame.payload.content as BudgetLeft);
    }
    if (asked === undefined) link.handle({ type: 'consumed', id });
    else {
      asked.task.take(id, frame.payload, fin);
      if (this.#is_closed) this.#giveUpUnread(asked);
    }
    if (fin) this.#forget(id.lane.stream_id);
  }

  /** It would wait for ever. */
  #giveUpUnread(asked: Asked): void {
    if (!asked.task.is_stalled) return;
    asked.task.fail(new AtpClosedError('The client was closed, and nobody read the task.'));
    this.#leave(asked);
  }

  #closed({ stream_id, error }: Extract<SessionEffect, { type: 'stream_closed' }>): void {
    const content = error?.content as WireErrorContent | undefined;
    const task = this.#tasks.get(stream_id)?.task;
    if (content !== undefined) task?.fail(new AtpTaskError(content));
    else task?.fail(new AtpClosedError('The stream ended before the answer was complete.'));
    this.#forget(stream_id);
  }

  #failed({ way, id, reason }: Extract<SessionEffect, { type: 'failed' }>): void {
    const asked = this.#tasks.get(id.lane.stream_id);
    // Of the other reasons the end of the stream or session follows, and says why.
    if (asked === undefined || (reason !== 'expired' && reason !== 'corrupt')) return;
    const code = reason === 'corrupt' ? 'EPROTO' : 'ETIMEOUT';
    if (way === 'out') {
      asked.task.fail(new AtpTaskError({ code, reason: `The task did not arrive (${reason}).` }));
      this.#forget(id.lane.stream_id);
    } else {
      asked.task.fail(new AtpInDoubtError({ code, reason: `A part of the answer did not arrive (${reason}).` }));
      this.#leave(asked);
    }
  }

  /** What waited was never sent: it goes into the next session, unless that would be refused, too. */
  #lost(link: Link, error: Payload | undefined): void {
    const content = error?.content as WireErrorContent | undefined;
    const sent = [...this.#tasks.values()];
    this.#tasks.clear();
    const ended = new AtpClosedError('The session has ended.');
    for (const { task } of sent) task.fail(content === undefined ? ended : new AtpInDoubtError(content));
    const { attempts_max = ATTEMPTS_MAX } = this.#options.reconnect ?? {};
    const pause_ms = this.#backoff.next_ms(content?.retry_after_ms);
    if (link.has_given_up || holds(content) || this.#backoff.failed >= attempts_max) {
      this.#backoff.reset();
      const waiting = this.#waiting.splice(0);
      for (const { task } of waiting) task.fail(content === undefined ? ended : new AtpTaskError(content));
    } else if (this.#waiting.length > 0) {
      this.#reopen = this.#runtime.setTimeout(() => {
        this.#reopen = undefined;
        this.#next();
      }, pause_ms);
    }
    this.#checkIdle();
  }

  /** The answer is of no use any more. Where the router has the task and can be heard, it is given the time to say so itself. */
  #due(asked: Asked): void {
    const { task, sent, deadline } = asked;
    if (sent === undefined) {
      task.fail(late());
      this.#leave(asked);
      return;
    }
    const end = (): void => {
      task.fail(new AtpInDoubtError(LATE));
      this.#leave(asked);
    };
    if (sent.link.session.phase === 'open') deadline?.watch(end, DEADLINE_GRACE_MS);
    else end();
  }

  /** Nobody waits for it any more. */
  #leave(asked: Asked): void {
    const { sent } = asked;
    this.#waiting = this.#waiting.filter((one) => one !== asked);
    if (sent !== undefined && this.#tasks.get(sent.stream_id) === asked) {
      const error = { type: 'error', content: { code: 'EPREEMPT', reason: 'The client does not want it any more.' } };
      sent.link.handle({ type: 'reset', stream_id: sent.stream_id, error });
      this.#tasks.delete(sent.stream_id);
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

const LATE: WireErrorContent = { code: 'ETIMEOUT', reason: 'The deadline of the task has passed.' };

function late(): AtpTaskError {
  return new AtpTaskError({
    ...LATE,
    reason: `${LATE.reason} It was not sent: the router was not reached, or had no room, in time.`,
  });
}

/** Whether another session would be refused for the same reason. What a later edition added may pass. */
function holds(error: WireErrorContent | undefined): boolean {
  return error !== undefined && isWireCode(error.code) && !WIRE_ERRORS[error.code].retryable;
}
