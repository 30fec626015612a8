import type { UpstreamTransport } from '@atp-router/adapters';
import type { Now } from '@atp-router/flow';
import type { AtpError, Clock, IdSource, Rng, Timers } from '@atp-router/kernel';
import type { RouterEvent } from '@atp-router/ledger';

/** Where events go: the journal, metrics and live streams. */
export interface EventLog {
  /** Why nothing can be written now, if so: then no call may begin. */
  readonly failure: AtpError | undefined;
  /** Records an event. Cheap and synchronous; durable only after a `barrier`. */
  append(event: RouterEvent): void;
  /** Calls back once everything appended so far has been handed to the operating system (or why it could not be). */
  barrier(done: (error?: AtpError) => void): void;
}

export interface Ambient {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly call_ids: IdSource;
}

export function nowOf({ clock }: Pick<Ambient, 'clock'>): Now {
  return { now_ms: clock.now_ms(), mono_ms: clock.mono_ms() };
}

/** A provider as one generation knows it, with the transport that outlives generations. */
export interface ProviderRuntime {
  readonly id: string;
  readonly transport: UpstreamTransport;
  readonly origin: string;
  readonly head_timeout_ms: number;
  readonly idle_timeout_ms: number;
  readonly queue_timeout_ms: number;
  /** How long its prompt cache is said to keep what is not used; 0: it has none. */
  readonly cache_ttl_ms: number;
  readonly retry: { readonly max_attempts: number; readonly base_ms: number; readonly cap_ms: number };
  /**
   * What becomes of one tenant's calls says something of all others'. Not where each tenant has agents of its own: nobody may
   * narrow what others get by what his own agents do.
   */
  readonly is_common: boolean;
  /** Answers of this provider are made up and say so. */
  readonly simulated: boolean;
  /** A text of this provider without the secrets that it was sent. */
  redact(text: string): string;
}
