import type { Contribution } from '@atp-router/kernel';
import { tickOf } from './tick.ts';
import { isLearnedRecord, type Knowledge, type LearnedRecord, type StrategyKind } from '@atp-router/consensus';
import type { ConsensusLearned, FeedbackGiven } from '@atp-router/ledger';
import type { Subject } from './subject.ts';

/** In place of a strategy: who was asked because a trigger held had the last word. */
export const EXPERT = 'expert';

/** Takes in what an event teaches: the same when it happens and when the journal is read again. */
export function takeIn(knowledge: Knowledge, event: ConsensusLearned | FeedbackGiven): void {
  const tick = tickOf(event.at_ms);
  const { policy, cluster } = event;
  if (event.type === 'consensus.learned') {
    const { result, lanes, is_free } = event;
    knowledge.learn({ policy, cluster, result, lanes, is_free }, tick);
    return;
  }
  const { strategy, confidence, lanes, gains } = event;
  // Of an expert's word only lanes are learned of, and what strategies would have made of the others.
  const score = strategy === EXPERT ? undefined : event.score;
  // Names of strategies of a later version are learned of as any other, and asked for by nobody.
  const named = gains.map(({ kind, gain }) => ({ kind: kind as StrategyKind, gain }));
  knowledge.feedback(
    { policy, cluster, strategy: strategy as StrategyKind, confidence, score, lanes, gains: named },
    tick,
  );
}
/** What is known of who answers, as something that is kept. */
export function consensusSubject(knowledge: Knowledge): Subject {
  return {
    name: 'consensus',
    take(event) {
      if (event.type === 'consensus.learned' || event.type === 'feedback.given') takeIn(knowledge, event);
    },
    record: () => knowledge.record(),
    isRecord: isLearnedRecord,
    restore: (value) => knowledge.restore(value as LearnedRecord),
    merge: (others) => knowledge.merge(others as readonly Contribution<LearnedRecord>[]),
  };
}
