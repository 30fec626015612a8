import type { MessageId, Sealer } from '@atp-router/wire';
import type { Outgoing, SessionEffect, SessionInput } from '../contract.ts';
import type { SessionHeld } from '../view.ts';
import type { Side } from './network.ts';
import type { VirtualTime } from './time.ts';

/** Who watches an end. */
export interface Watcher {
  input(side: Side, input: SessionInput): void;
  effect(side: Side, effect: SessionEffect): void;
  taken(side: Side, id: MessageId, message: Outgoing, fin: boolean): void;
  holds(side: Side, held: SessionHeld): void;
  broken(what: string): void;
}

export interface EndTools {
  readonly time: VirtualTime;
  readonly sealer: Sealer | undefined;
  readonly watcher: Watcher;
  /** How long a thing takes, by a name for it, at most so long: the same in every replay. */
  takes(what: string, most_ms: number): number;
  /** Asks for a new connection, soon. */
  redial(): void;
  /** The process of this end ends, and starts again. */
  crash(): void;
}
