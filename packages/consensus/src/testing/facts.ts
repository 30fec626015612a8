/** What one history, or many, came to: counts. */
export interface HistoryFacts {
  readonly histories: number;
  readonly lanes: number;
  readonly pieces: number;
  readonly asks: number;
  readonly provisional: number;
  readonly escalated: number;
  readonly completed: number;
  readonly failed: number;
}
