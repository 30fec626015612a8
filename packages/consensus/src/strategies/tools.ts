import type { VectorSource } from '../embed/vectors.ts';
import type { StrategyScores } from '../adaptive/scores.ts';
import type { AliasTable } from '../findings/aliases.ts';

/** What strategies work with beside what they are shown: it changes what a decision costs, or is fixed for a session. */
export interface StrategyTools {
  /** Of the texts of a session, so that each is embedded once. */
  readonly vectors: VectorSource;
  /** By which findings are read of what an arbiter writes. */
  readonly aliases: AliasTable;
  /** `adaptive`: what is known of strategies; it must not change while the session lasts. */
  readonly scores: StrategyScores;
  /** Of the task, where tasks are told apart. */
  readonly cluster: string | undefined;
}
