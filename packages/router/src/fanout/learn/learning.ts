import type { Knowledge } from '@atp-router/consensus';
import type { Chooser } from '../../auto/types.ts';
import type { ReconcilerRoom } from '../reconciler-room.ts';
import type { FeedbackDesk } from './feedback-desk.ts';
import type { KnowledgeKeeper } from './keeper.ts';

/** What one process knows of who answers, and how it comes by it. */
export interface Learning {
  readonly knowledge: Knowledge;
  readonly keeper: KnowledgeKeeper;
  readonly feedback: FeedbackDesk;
  readonly reconciler: ReconcilerRoom;
  readonly chooser: Chooser;
}
