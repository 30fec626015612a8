import type { EventType, RouterEvent } from '../events.ts';
import type { ConsensusLearned, FeedbackGiven } from '../learned-events.ts';
import type { RouteDecided, RouteDrifted, RouteEvent, RouteFeedback } from '../route-events.ts';

/** Of what a router learns. */
export type LearnedEvent = ConsensusLearned | FeedbackGiven | RouteEvent;

const LEARNED: ReadonlySet<EventType> = new Set<LearnedEvent['type']>([
  'consensus.learned',
  'feedback.given',
  'route.decided',
  'route.feedback',
  'route.drifted',
]);

export function isLearned<E extends RouterEvent>(event: E): event is E & LearnedEvent {
  return LEARNED.has(event.type);
}

/** A place in a node's journal. */
export interface LearnedPlace {
  readonly epoch: number;
  readonly seq: number;
}

/** What one node has learned up to a place of its journal. */
export interface LearnedState extends LearnedPlace {
  readonly node_id: string;
  /** As JSON, of whoever wrote it: it has to be checked. */
  readonly record: string;
}

export interface LearnedRow extends LearnedPlace {
  readonly event: LearnedEvent;
}

export interface FeedbackClaim {
  readonly call_id: string;
  readonly key_id: string;
  readonly body_hash: string;
  readonly now_ms: number;
}

/**
 * `mine`: it is to be given now. `given`: the same was given before. `other`: something else was. `pending`: somebody gives
 * it, or began to and is gone; nobody knows yet.
 */
export type ClaimedFeedback = 'mine' | 'given' | 'other' | 'pending';

/** A claim that led to nothing within this time is free again: its process is gone. */
export const FEEDBACK_CLAIM_MS = 60_000;
/** Calls of a node on which feedback may be given, and for how long. */
export const LEARNED_SESSIONS_MAX = 10_000;
export const LEARNED_SESSION_MS = 86_400_000;

/** Of one call: each key of its tenant may say one, and rules and guesses a few more. */
export const WORDS_MAX = 64;

/** More in a day are of somebody who says anything. */
export const DRIFTS_MAX = 1_000;

/** What nodes have learned, and the calls that they learned it from. Events are the projection's work; states the router's. */
export interface LearnedStore {
  /** A session of any node of the database. */
  session(call_id: string): Promise<ConsensusLearned | undefined>;
  /** What `auto` chose for a call of any node of the database. */
  route(call_id: string): Promise<RouteDecided | undefined>;
  /** The latest of what `auto` chose and of words on that, of all nodes, the newest first. */
  routes(limit: number): Promise<readonly (RouteDecided | RouteFeedback)[]>;
  /** The words on one call of any node of the database, the oldest first: at most `WORDS_MAX`. */
  words(call_id: string): Promise<readonly RouteFeedback[]>;
  /** That a model has changed, as any node has found since a time: at most `DRIFTS_MAX`, the newest first. They are kept for a day. */
  drifts(model: string, from_ms: number): Promise<readonly RouteDrifted[]>;
  /** This node's own state. */
  own(): Promise<LearnedState | undefined>;
  /** Those of all other nodes, but not those that are as `known` says. */
  others(known: readonly (LearnedPlace & { readonly node_id: string })[]): Promise<readonly LearnedState[]>;
  /** This node's events behind a place, in their order, `limit` at most. */
  after(place: LearnedPlace, limit: number): Promise<readonly LearnedRow[]>;
  /** Keeps the state in place of an older one, and forgets sessions that are too old or too many. */
  put(state: Omit<LearnedState, 'node_id'>, now_ms: number): Promise<void>;
  claim(feedback: FeedbackClaim): Promise<ClaimedFeedback>;
}
