import type { Qos } from '@atp-router/kernel';
import type { Amounts, Denial } from '../amounts.ts';

/**
 * What workers and the owner of the limits tell each other, as plain JSON: no `undefined` that matters, no `Infinity`, no
 * class. A transport carries a message as it is, keeps the order between two ends, and may lose, cut or repeat.
 *
 * A change that an older end would misread gets another version; a message of another version is ignored.
 */
export const CREDIT_VERSION = 1;

/** Entries of one message: about 200 B each, so that a message stays below 256 KiB. More follow in the next one. */
export const ENTRIES_MAX = 1_000;

/** What the calls of one account hold, by tier; a tier that holds nothing is left out. */
export type Held = Readonly<Partial<Record<Qos, Amounts>>>;

/** What one incarnation of a worker has used in all at an account on a UTC day (days since the Unix epoch). */
export interface DayTotal {
  readonly account: string;
  readonly day: number;
  readonly used: Amounts;
}

/** The same, of one incarnation by its name. */
export interface KeptTotal extends DayTotal {
  readonly worker: string;
  readonly incarnation: number;
}

/** A slot is an account on a day: what a worker used there, and what its calls hold. */
export interface SlotState extends DayTotal {
  readonly held: Held;
}

export interface SlotSync extends SlotState {
  /** By how much its credit is more than before, signed: less by what was used of a day's budget and by what it gives back. */
  readonly by: Amounts;
  /** It admits from its credit. */
  readonly is_open: boolean;
  /** What it would like to have again. */
  readonly wants: Amounts;
}

/** What others than one worker use and hold of an account on a day, as the owner has it. */
export interface Standing {
  readonly account: string;
  readonly day: number;
  /** Debited to the day. */
  readonly used: Amounts;
  /** In flight, or leased ahead. */
  readonly out: Amounts;
}

/** `FairKey`, with its deadline from now; null: none. */
export interface WantKey {
  readonly qos: Qos;
  readonly tenant: string;
  readonly weight: number;
  readonly session: string;
  readonly tokens: number;
  readonly deadline_in_ms: number | null;
}

export interface WantPart {
  readonly accounts: readonly string[];
  readonly amounts: Amounts;
  /** How long it waits for them from now; null: not at all. */
  readonly wait_ms: number | null;
  /** It adds to what a call holds since this day; null: it is charged to the day of the grant. */
  readonly day: number | null;
}

export interface Want {
  /** Counts up within an incarnation. */
  readonly id: number;
  /** `grow`: a call that runs needs more, at once or not at all. */
  readonly kind: 'start' | 'grow';
  readonly key: WantKey;
  readonly parts: readonly WantPart[];
  /** How long it has waited already. */
  readonly waited_ms: number;
}

/** A part of a call that the owner had granted has ended, after so many tokens. */
export interface Ended {
  readonly id: number;
  readonly part: number;
  readonly tokens: number;
}

/** What an incarnation that is gone had used, as its journal tells. */
export interface Recovered {
  readonly worker: string;
  readonly incarnation: number;
  readonly totals: readonly DayTotal[];
  /** It used nothing where nothing is named. */
  readonly is_whole: boolean;
}

export type WorkerBody =
  /**
   * The first of a link, in as many pieces as it takes: all that the worker holds. It has no credit but what its calls hold.
   * `is_heir`: its totals are those of all incarnations of its name, as their journal says.
   */
  | {
      readonly type: 'hello';
      readonly is_heir: boolean;
      readonly slots: readonly SlotState[];
      readonly wants: readonly Want[];
      readonly recovered: readonly Recovered[];
      readonly is_last: boolean;
    }
  | { readonly type: 'want'; readonly want: Want }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'sync'; readonly slots: readonly SlotSync[]; readonly ended: readonly Ended[] }
  /** What was used by an incarnation that is gone, learnt after the hello. */
  | { readonly type: 'settled_for'; readonly recovered: Recovered }
  /** The answer to `preempt`: what comes back from the calls that are stopped. */
  | { readonly type: 'stopping'; readonly ask: number; readonly amounts: Amounts }
  | { readonly type: 'ping' };

export interface WorkerMessage {
  readonly v: typeof CREDIT_VERSION;
  readonly worker: string;
  /** Higher for each start of a worker of this name. */
  readonly incarnation: number;
  /** Of the owner that it is meant for; another one ignores it. */
  readonly epoch: number;
  /** Counts hellos: messages of an earlier link are void. */
  readonly link: number;
  /** From 1 within the link, without gaps. */
  readonly seq: number;
  /** The last message of the owner that has arrived on this link. */
  readonly heard: number;
  readonly body: WorkerBody;
}

export interface Credit {
  readonly account: string;
  readonly day: number;
  readonly amounts: Amounts;
  /** Whether the worker may admit from it. Otherwise it returns what its calls do not hold, now and whenever one ends. */
  readonly is_open: boolean;
}

/** Why a want was not granted; `unreachable` is the worker's own word for an owner that does not answer. */
export type DenyReason = 'denied' | 'expired' | 'shed' | 'failed' | 'unreachable';

export type OwnerBody =
  /** The link is void: a hello is due. Has no number of its own. */
  | { readonly type: 'resync' }
  | { readonly type: 'welcome' }
  /** Credit of what was wanted, and of more where there is plenty. */
  | {
      readonly type: 'grant';
      readonly id: number;
      readonly day: number;
      readonly credit: readonly Credit[];
      readonly standings: readonly Standing[];
    }
  | {
      readonly type: 'deny';
      readonly id: number;
      readonly reason: DenyReason;
      readonly denial: Denial | null;
      readonly retry_ms: number | null;
      readonly standings: readonly Standing[];
    }
  | { readonly type: 'credit'; readonly credit: readonly Credit[]; readonly standings: readonly Standing[] }
  /** Somebody waits there: close these accounts. Answered by a sync of each of their slots. */
  | { readonly type: 'recall'; readonly accounts: readonly string[] }
  /** Stop calls of a tier, the oldest first, until `need` comes back at the account, and no more than `most` (null: any). */
  | {
      readonly type: 'preempt';
      readonly ask: number;
      readonly account: string;
      readonly qos: Qos;
      readonly need: Amounts;
      readonly most: Readonly<Record<keyof Amounts, number | null>>;
    }
  | { readonly type: 'pong' };

export interface OwnerMessage {
  readonly v: typeof CREDIT_VERSION;
  readonly epoch: number;
  readonly worker: string;
  readonly incarnation: number;
  readonly link: number;
  readonly seq: number;
  /** The last message of the worker that has arrived on this link: the worker's lease is renewed from when it was sent. */
  readonly heard: number;
  readonly body: OwnerBody;
}
