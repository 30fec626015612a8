/** What one history, or many, came to: counts. */
export interface HistoryFacts {
  readonly histories: number;
  readonly lanes: number;
  readonly pieces: number;
  /** Events that came twice at once. */
  readonly twice: number;
  readonly restarted: number;
  /** How often a lane was held back. */
  readonly paused: number;
  readonly asks: number;
  /** Histories of a strategy that asks on and on, until it may not. */
  readonly asked_out: number;
  readonly provisional: number;
  readonly escalated: number;
  /** Lanes that began early. */
  readonly early: number;
  /** Results that an arbiter wrote. */
  readonly arbitrated: number;
  /** Sessions that were ended by their deadline. */
  readonly late: number;
  readonly aborted: number;
  readonly completed: number;
  readonly failed: number;
  /** Sets of answers that came in two orders. */
  readonly orders: number;
  /** Of them those of which the same lanes were heard, so that results had to be equal in all that they say. */
  readonly heard_alike: number;
}
