import type { ModelStatus } from '../registry.ts';

/** Why a model's status changed. */
export const MOVE_CAUSES = [
  'operator',
  'evidence',
  'format_errors',
  'safety_incident',
  'too_dear',
  'quality_drift',
  'rollback',
] as const;

export type MoveCause = (typeof MOVE_CAUSES)[number];

/** The statuses in the order in which a model goes through them. */
export const STATUS_ORDER: readonly ModelStatus[] = ['shadow', 'active', 'fallback', 'deprecated'];

/** One change of a model's status at run time. */
export interface Move {
  readonly from: ModelStatus;
  readonly to: ModelStatus;
  readonly cause: MoveCause;
  /** What it rests on, by name; units are last in the names. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly note: string;
  readonly by: string;
  readonly at_ms: number;
}

/** The moves that hold, oldest first. Moves go forward only, so there are three at most. */
export type Holding = readonly Move[];

/** The status in force: that of the last move that holds, else what the configuration says. */
export function statusOf(holding: Holding, configured: ModelStatus): ModelStatus {
  return holding.at(-1)?.to ?? configured;
}

/** What a move makes of those that hold: a rollback takes the last one away, any other is added. */
export function afterMove(holding: Holding, move: Move): Holding {
  return move.cause === 'rollback' ? holding.slice(0, -1) : [...holding, move];
}

/** What holds after a whole history, oldest first. */
export function replayMoves(moves: Iterable<Move>): Holding {
  let holding: Holding = [];
  for (const move of moves) holding = afterMove(holding, move);
  return holding;
}

/** Why a model may not go from one status to another; undefined: it may. */
export function moveRefusal(from: ModelStatus, to: ModelStatus): string | undefined {
  if (from === to) return `it is ${to} already`;
  if (STATUS_ORDER.indexOf(to) > STATUS_ORDER.indexOf(from)) return undefined;
  return `from ${from} it cannot go back to ${to}: models go ${STATUS_ORDER.join(', ')}, and back by a rollback`;
}

/** Where a rollback leads, which takes back the last move that holds; undefined: nothing holds. */
export function rollbackTarget(holding: Holding, configured: ModelStatus): ModelStatus | undefined {
  return holding.length === 0 ? undefined : statusOf(holding.slice(0, -1), configured);
}
