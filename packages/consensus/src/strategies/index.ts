import type { StrategyKind } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { adaptiveOf } from './adaptive.ts';
import { arbiterOf } from './arbiter.ts';
import { cascade } from './cascade.ts';
import { champion } from './champion.ts';
import { evidenceOf } from './evidence.ts';
import { first_win } from './first-win.ts';
import { judge } from './judge.ts';
import { majority } from './majority.ts';
import { self_consistency } from './self-consistency.ts';
import { streamingMergeOf } from './streaming-merge.ts';
import type { StrategyTools } from './tools.ts';
import { twoPhaseOf } from './two-phase.ts';
import { unionOf } from './union.ts';
import { weightedMergeOf } from './weighted-merge.ts';

export { needsVectors, overPrepared, textsToEmbed } from './embedded.ts';
export { type Comparison, compare } from './champion.ts';
export { mergeStream, type StreamPart } from './merge-stream.ts';
export type { StrategyTools } from './tools.ts';

/** The strategy of a plan, for one session. */
export function strategyOf(kind: StrategyKind, tools: StrategyTools): Strategy {
  switch (kind) {
    case 'first_win':
      return first_win;
    case 'union':
      return unionOf(tools);
    case 'majority':
      return majority;
    case 'weighted_merge':
      return weightedMergeOf(tools);
    case 'two_phase':
      return twoPhaseOf(tools);
    case 'champion':
      return champion;
    case 'self_consistency':
      return self_consistency;
    case 'evidence':
      return evidenceOf(tools);
    case 'judge':
      return judge;
    case 'arbiter':
      return arbiterOf(tools);
    case 'streaming_merge':
      return streamingMergeOf();
    case 'cascade':
      return cascade;
    case 'adaptive':
      return adaptiveOf(tools, (chosen) => strategyOf(chosen, tools));
  }
}
