import { SESSION_LANE, SESSION_STREAM, type SessionEffect } from '@atp-router/session';
import {
  type AgentStatus,
  assertCarried,
  type Payload,
  PROTOCOL_MAJOR,
  type Window,
  type WireErrorContent,
  type WireObject,
} from '@atp-router/wire';
import { Introduction } from './agent-introduction.ts';
import { AgentRun } from './agent-run.ts';
import type { AgentOptions } from './agent-types.ts';
import { Backoff } from './backoff.ts';
import { AtpClosedError, AtpTaskError } from './errors.ts';
import { Latencies } from './latencies.ts';
import { Link } from './link.ts';
import { checkOptions } from './options.ts';
import { tell } from './listeners.ts';
import { type Runtime, rngOf, systemRuntime } from './runtime.ts';
import { unsendable } from './sendable.ts';

const CONCURRENCY = 8;
const HEALTH_INTERVAL_MS = 10_000;

/**
 * An agent of a router: dials in, says what it can do, and does the tasks that it is given. Connections are made, lost and
 * resumed below it; a session that is lost is replaced by another one. See docs/protocol/atp-agents.md.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #runtime: Runtime;
  readonly #runs: Map<string, AgentRun> = new Map();
  readonly #latencies: Latencies = new Latencies();
  #link: Link | undefined;
  #health: unknown;
  #reopen: unknown;
  readonly #reopens: Backoff;
  readonly #introduction: Introduction;
  #status: AgentStatus = 'READY';
  #window: Window;
  #started: { resolve(routes: readonly string[]): void; reject(error: Error): void } | undefined;
  #is_stopped = false;
  #stopping: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  /** Throws for an address, a key or a signing key that cannot be one, and without work to do. */
  constructor(options: AgentOptions, runtime: Runtime = systemRuntime()) {
    checkOptions(options);
    if (typeof options.run !== 'function') throw new TypeError('"run" is not a function: it is the work of the agent.');
    this.#options = options;
    this.#runtime = runtime;
    this.#window = { max_parallel: options.concurrency ?? CONCURRENCY };
    this.#reopens = new Backoff(rngOf(runtime), options.reconnect);
    this.#introduction = new Introduction(runtime, new Backoff(rngOf(runtime), options.reconnect), {
      say: () => {
        if (this.#link?.session.phase === 'open') this.#introduce();
      },
      onLost: (error, is_last) => {
        if (this.#started !== undefined && !is_last) this.#introduction.later(undefined);
        else this.#refused(error);
      },
    });
  }

  /** Tasks that it works on now. */
  get running(): number {
    return this.#runs.size;
  }

  /**
   * Dials in. Resolves with the names of models that calls reach it by; rejects when the router does not take it, is not reached in
   * `reconnect.attempts_max` attempts, or when the agent is stopped before.
   */
  start(): Promise<readonly string[]> {
    if (this.#link !== undefined) return Promise.reject(new AtpClosedError('The agent was started before.'));
    if (this.#is_stopped) return Promise.reject(new AtpClosedError('The agent was stopped.'));
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#open();
    });
  }

  /**
   * Tells the router whether it takes work, and how much; it holds until the next one, also over connections. Throws for a
   * window that cannot be told.
   */
  status(status: AgentStatus, suggested_window: Window = this.#window): void {
    try {
      const payload = { type: 'control.status', content: { status, suggested_window } };
      assertCarried({ v: PROTOCOL_MAJOR, session_id: '-', stream_id: SESSION_STREAM, msg_seq: 0, payload });
    } catch (thrown) {
      throw unsendable('The status', thrown);
    }
    this.#status = status;
    this.#window = suggested_window;
    this.#tellStatus();
  }

  /** Takes nothing new, lets what runs finish, and ends the session. Whoever calls it again waits for the same. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#is_stopped) return;
    this.#status = 'DRAINING';
    this.#tellStatus();
    this.#is_stopped = true;
    this.#started?.reject(new AtpClosedError('The agent was stopped before the router had taken it.'));
    this.#started = undefined;
    if (this.#runs.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#clearTimers();
    await this.#link?.finish('The agent was stopped.');
  }

  #clearTimers(): void {
    for (const timer of [this.#health, this.#reopen]) this.#runtime.clearTimeout(timer);
    this.#introduction.stop();
  }

  #open(): void {
    const link: Link = new Link(this.#runtime, this.#options, {
      onEffect: (effect) => this.#on(link, effect),
      onLink: (event) => tell(this.#options.onLink, event),
    });
    this.#link = link;
    link.connect();
  }

  #on(link: Link, effect: SessionEffect): void {
    switch (effect.type) {
      case 'established':
        this.#introduce();
        break;
      case 'deliver':
        this.#deliver(link, effect);
        break;
      case 'writable':
        this.#runs.get(effect.lane.stream_id)?.room();
        break;
      case 'failed':
        if (effect.id.lane.stream_id === SESSION_LANE.stream_id) this.#introduction.failed(effect);
        else this.#closed(effect.id.lane.stream_id);
        break;
      case 'stream_closed':
        this.#closed(effect.stream_id);
        break;
      case 'closed':
        this.#lost(effect.error);
        break;
      default:
    }
  }

  /** After each handshake: a router that was restarted does not know the agent any more. */
  #introduce(): void {
    this.#introduction.stop();
    try {
      this.#advertise();
      this.#tellStatus();
    } catch (thrown) {
      this.#refused(unsendable('What the agent says of itself', thrown));
      return;
    }
    this.#tellHealth();
  }

  #advertise(): void {
    const { id, models, capabilities = ['chat'], languages, max_tokens, usd_micros_per_mtok, version } = this.#options;
    const content = {
      ...{ adapter_id: id, adapter_type: 'agent', capabilities },
      ...(models && { models }),
      ...(languages && { supported_languages: languages }),
      ...(max_tokens !== undefined && { max_tokens }),
      ...(usd_micros_per_mtok !== undefined && { usd_micros_per_mtok }),
      ...(version !== undefined && { version }),
    };
    const { session } = this.#link ?? {};
    const msg_seq = session?.nextSeq(SESSION_LANE);
    this.#say({ type: 'adapter.capability', content });
    if (msg_seq === undefined) return;
    if (session?.nextSeq(SESSION_LANE) === msg_seq) this.#introduction.refused();
    else this.#introduction.said(msg_seq);
  }

  #tellStatus(): void {
    this.#link?.handle({ type: 'status', status: this.#status, suggested_window: this.#window });
  }

  #tellHealth(): void {
    this.#runtime.clearTimeout(this.#health);
    // A resumption may fall into the end.
    if (this.#is_stopped && this.#runs.size === 0) return;
    if (this.#link?.session.phase === 'open') {
      const content = { adapter_id: this.#options.id, status: 'ok', ...this.#latencies.summary() };
      this.#say({ type: 'adapter.health', content: { ...content, queue_depth: this.#runs.size } });
    }
    const interval_ms = this.#options.health_interval_ms ?? HEALTH_INTERVAL_MS;
    this.#health = this.#runtime.setTimeout(() => this.#tellHealth(), interval_ms);
  }

  #say(payload: Payload): void {
    this.#link?.send(SESSION_LANE, { payload }, false);
  }

  #deliver(link: Link, { id, frame }: Extract<SessionEffect, { type: 'deliver' }>): void {
    const { stream_id } = id.lane;
    if (stream_id === SESSION_STREAM) this.#told(frame.payload);
    else {
      if (id.msg_seq === 0) this.#runs.set(stream_id, this.#run(link, stream_id));
      this.#runs.get(stream_id)?.take(frame);
    }
    link.handle({ type: 'consumed', id });
  }

  #told(payload: Payload | undefined): void {
    const { adapter_id, routes = [] } = (payload?.content ?? {}) as { adapter_id?: string; routes?: readonly string[] };
    if (payload?.type === 'adapter.accepted' && adapter_id === this.#options.id) {
      this.#reopens.reset();
      this.#introduction.taken();
      this.#started?.resolve(routes);
      this.#started = undefined;
    } else if (payload?.type === 'error') {
      this.#introduction.answered();
      this.#refused(new AtpTaskError(payload.content as WireErrorContent));
    }
  }

  /** The first time it is for whoever started it. Later there may be room again, or a policy that lets it in. */
  #refused(error: AtpTaskError | AtpClosedError): void {
    const started = this.#started;
    this.#started = undefined;
    if (started === undefined) {
      tell(this.#options.onError, error);
      const retry_after_ms = error instanceof AtpTaskError ? error.retry_after_ms : undefined;
      if (!this.#is_stopped) this.#introduction.later(retry_after_ms);
      return;
    }
    this.#is_stopped = true;
    this.#clearTimers();
    this.#link?.abort('The agent was not taken.');
    started.reject(error);
  }

  #run(link: Link, stream_id: string): AgentRun {
    return new AgentRun(stream_id, this.#options, {
      abort: new this.#runtime.AbortController(),
      refusal: (lane) => link.session.refusal(lane, this.#runtime.performance.now()),
      send: (lane, payload, fin) => link.send(lane, { payload }, fin),
      declines: () => this.#declines(),
      onDone: (latency_ms, is_ok) => this.#latencies.add(latency_ms, is_ok),
      onOver: () => this.#forget(stream_id),
      now_ms: () => this.#runtime.performance.now(),
    });
  }

  #declines(): { readonly code: string; readonly reason: string } | undefined {
    if (this.#is_stopped) return { code: 'EDRAINING', reason: 'The agent is about to stop.' };
    // The one that asks is among them.
    if (this.#runs.size <= (this.#options.concurrency ?? CONCURRENCY)) return undefined;
    return { code: 'EWINDOW_AGENT', reason: 'The agent has as many tasks as it takes at a time.' };
  }

  #closed(stream_id: string): void {
    this.#runs.get(stream_id)?.close();
    this.#forget(stream_id);
  }

  #forget(stream_id: string): void {
    this.#runs.delete(stream_id);
    if (this.#runs.size === 0) this.#idle?.();
  }

  #lost(error: Payload | undefined): void {
    for (const stream_id of [...this.#runs.keys()]) this.#closed(stream_id);
    this.#idle?.();
    this.#introduction.stop();
    if (this.#is_stopped) return;
    const content = error?.content as (WireErrorContent & WireObject) | undefined;
    const why = content === undefined ? new AtpClosedError('The session has ended.') : new AtpTaskError(content);
    if (this.#started !== undefined) this.#refused(why);
    else {
      tell(this.#options.onError, why);
      this.#reopen = this.#runtime.setTimeout(() => this.#open(), this.#reopens.next_ms(content?.retry_after_ms));
    }
  }
}
