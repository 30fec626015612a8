import type { Qos } from '@atp-router/kernel';
import type { AgentStatus, Window } from '@atp-router/wire';
import { FAIR, type Weather } from './channel.ts';
import type { Side } from './network.ts';
import type { Drift } from './time.ts';

/** About where wall clocks begin. */
export const WALL_ORIGIN_MS = 1_800_000_000_000;

/** How the two ends are made, and what the way between them is like. */
export interface Setting {
  /** Frames carry a checksum on the way, and only then bits are flipped. */
  readonly sealed: boolean;
  readonly signed: boolean;
  /** Receivers have room for less than what may be in flight. */
  readonly tight: boolean;
  readonly encodings: readonly ('json' | 'cbor')[];
  /** Content bytes of a fragment: small, so that a short history has many. */
  readonly fragment_bytes: number;
  readonly resume_ttl_ms: number;
  readonly ends: Readonly<Record<Side, EndSetting>>;
}

export interface EndSetting {
  readonly durable: boolean;
  readonly drift: Drift;
  readonly weather: Weather;
  readonly pending_messages: number;
  /** How long a save takes at most. */
  readonly save_ms: number;
  /** Until the end hears that a save is done. */
  readonly told_ms: number;
  /** It crashes once before it hears that a save is done: the first one with a failure, or that of this number. */
  readonly crashes_untold?: 'failure' | number;
  /** How long the application takes for a message at most. */
  readonly consume_ms: number;
  /** True time until which it takes none at all: a consumer that hangs. */
  readonly consumes_from_ms: number;
}

export type ContentKind = 'none' | 'text' | 'bytes' | 'json';

/** A stream of the history by its place in the plan; what number it gets shows when it is opened. */
export interface PlannedStream {
  readonly opener: Side;
}

export interface Say {
  readonly do: 'say';
  readonly at_ms: number;
  readonly side: Side;
  /** Index in `streams`; −1 is the session's own stream. */
  readonly stream: number;
  /** 0 is the main lane; the others are clones of a persona. */
  readonly lane: number;
  /** Marks the message from end to end. */
  readonly uid: number;
  readonly kind: ContentKind;
  readonly size: number;
  readonly qos?: Qos;
}

export type PlannedEvent =
  | Say
  /** The side has nothing more to say on the stream. */
  | { readonly do: 'fin'; readonly at_ms: number; readonly side: Side; readonly stream: number }
  | {
      readonly do: 'reset';
      readonly at_ms: number;
      readonly side: Side;
      readonly stream: number;
      readonly code: string;
    }
  | { readonly do: 'status'; readonly at_ms: number; readonly side: Side; readonly status: AgentStatus }
  | { readonly do: 'window'; readonly at_ms: number; readonly side: Side; readonly window: Window }
  /** The wall clock of a side is set, forwards or back. */
  | { readonly do: 'clock'; readonly at_ms: number; readonly side: Side; readonly by_ms: number }
  | { readonly do: 'crowded'; readonly at_ms: number; readonly side: Side; readonly for_ms: number }
  | { readonly do: 'weather'; readonly at_ms: number; readonly side: Side; readonly weather: Weather }
  | { readonly do: 'drop'; readonly at_ms: number; readonly told: readonly Side[] }
  | { readonly do: 'partition'; readonly at_ms: number; readonly for_ms: number }
  | { readonly do: 'half_open'; readonly at_ms: number; readonly side: Side }
  | { readonly do: 'crash'; readonly at_ms: number; readonly side: Side; readonly for_ms: number }
  /** The client resumes on a new connection while the old one is there. */
  | { readonly do: 'takeover'; readonly at_ms: number }
  /** Somebody else tries to get in, with a token of his own or one that was good once. */
  | { readonly do: 'intrude'; readonly at_ms: number; readonly with: 'spent_token' | 'made_up_token' | 'hello' };

/** How a history ends once the way is good again. */
export type Ending =
  /** Both finish. */
  | 'finish'
  /** Nothing is said any more: the server ends the session after its idle time. */
  | 'idle'
  /** One side aborts the session. */
  | 'abort'
  /** The way never becomes good again. */
  | 'part';

/** A history before it is played: it can be cut short, or thinned, and played again. */
export interface Plan {
  readonly seed: number;
  readonly setting: Setting;
  readonly streams: readonly PlannedStream[];
  /** By time. */
  readonly events: readonly PlannedEvent[];
  /** From then on nothing goes wrong. */
  readonly heal_ms: number;
  readonly ending: Ending;
}

/** The weather once all is well. */
export const HEALED: Weather = FAIR;
