import type { Document, FanoutPlan, ReadAnswer, Standing, Strategy, StrategyKind } from '@atp-router/consensus';
import type { GenRequest } from '@atp-router/dialects';
import type { CallHead } from '@atp-router/ledger';

/** What the sessions of a router share: its strategies, and what it has learned of who answers. */
export interface Reconciler {
  strategy(kind: StrategyKind): Strategy;
  /** What is known when a session begins; stays as it is for all of it. */
  standing(head: CallHead, plan: FanoutPlan): Standing;
  read(plan: FanoutPlan): ReadAnswer;
  /** Documents that the task gives, which citations are held against. */
  documents(request: GenRequest): readonly Document[];
  citations(text: string, documents: readonly Document[]): number | undefined;
}
