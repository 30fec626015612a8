import type { ListenAddress } from '@atp-router/adapters';
import type { WelcomeFacts } from './facts.ts';

/** What an owner tells when it is ready: all that the welcome needs, but for where to connect. */
export interface OwnerReady {
  readonly kind: 'owner';
  readonly facts: WelcomeFacts;
}

export interface WorkerReady {
  readonly kind: 'worker';
  /** Where it listens. */
  readonly address: ListenAddress;
}

export type ReadyInfo = OwnerReady | WorkerReady;

/** What the supervisor tells a child. */
export type Order =
  /** End in order. */
  | { readonly type: 'stop'; readonly reason: string }
  /** Read the configuration again; for the owner. */
  | { readonly type: 'reload' };

/** What a child tells its supervisor. */
export type Report =
  | { readonly type: 'ready'; readonly info: ReadyInfo }
  /** `shutdown.grace_ms` is now this; from the owner. */
  | { readonly type: 'grace'; readonly grace_ms: number };

/** The channel of a process to its parent: `process` itself, when it was forked. */
export interface Channel {
  readonly connected: boolean;
  send?(message: Report, handle: undefined, options: undefined, done: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
}

/** The end of a child of the channel to its supervisor. Whoever asks late is told at once. */
export interface SupervisorLink {
  ready(info: ReadyInfo): void;
  grace(grace_ms: number): void;
  /** The supervisor wants this process to end in order. */
  onStop(run: (reason: string) => void): void;
  onReload(run: () => void): void;
  /** The supervisor is gone: nobody would start this process again, or stop it. */
  onDisconnect(run: () => void): void;
}

export function openLink(channel: Channel): SupervisorLink {
  const stop = new Latch<string>();
  const reload = new Latch<undefined>();
  const gone = new Latch<undefined>();
  channel.on('message', (message) => {
    const order = orderOf(message);
    if (order?.type === 'stop') stop.set(order.reason);
    else if (order?.type === 'reload') reload.set(undefined);
  });
  channel.on('disconnect', () => gone.set(undefined));
  if (!channel.connected) gone.set(undefined);
  const report = (message: Report): void => {
    // A supervisor that is gone says so by the disconnect.
    if (channel.connected) channel.send?.(message, undefined, undefined, () => undefined);
  };
  return {
    ready: (info) => report({ type: 'ready', info }),
    grace: (grace_ms) => report({ type: 'grace', grace_ms }),
    onStop: (run) => stop.listen(run),
    onReload: (run) => reload.listen(run),
    onDisconnect: (run) => gone.listen(run),
  };
}

/** Holds the last value until somebody listens. */
class Latch<T> {
  #waiting: { readonly value: T } | undefined;
  #run: ((value: T) => void) | undefined;

  set(value: T): void {
    if (this.#run === undefined) this.#waiting = { value };
    else this.#run(value);
  }

  listen(run: (value: T) => void): void {
    this.#run = run;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) run(waiting.value);
  }
}

function orderOf(message: unknown): Order | undefined {
  const { type, reason } = (message ?? {}) as Partial<Record<string, unknown>>;
  if (type === 'reload') return { type };
  return type === 'stop' && typeof reason === 'string' ? { type, reason } : undefined;
}

/** A report that came over a channel; `undefined` for what is none. */
export function reportOf(message: unknown): Report | undefined {
  const { type, info, grace_ms } = (message ?? {}) as Partial<Record<string, unknown>>;
  if (type === 'grace') return typeof grace_ms === 'number' && grace_ms >= 0 ? { type, grace_ms } : undefined;
  const kind: unknown = type === 'ready' ? (info as { readonly kind?: unknown } | undefined)?.kind : undefined;
  return kind === 'owner' || kind === 'worker' ? { type: 'ready', info: info as ReadyInfo } : undefined;
}
