/**
 * Whose answers are reconciled, who is asked about them, who goes before all others, and who is left when nothing came of them.
 * `embed`: nobody is asked anything; the answer of the lane is embedded.
 */
export type LaneRole =
  | 'member'
  | 'challenger'
  | 'escalation'
  | 'judge'
  | 'verifier'
  | 'ack'
  | 'arbiter'
  | 'embed'
  | 'filter'
  | 'fallback';

/** Which lane of a fan-out an attempt is of; all absent for a call that asks one at a time. */
export interface LaneMark {
  /** From 0 within the call. */
  readonly lane?: number | undefined;
  readonly role?: LaneRole | undefined;
  /** Id of the persona, agent or model that is asked. */
  readonly source?: string | undefined;
}
