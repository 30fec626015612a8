import { ScoreTable } from '../adaptive/scores.ts';
import { hashedEmbedder } from '../embed/hashed.ts';
import { Vectors } from '../embed/vectors.ts';
import type { AliasTable } from '../findings/aliases.ts';
import { aliasTable } from '../findings/default-aliases.ts';
import type { FanoutPlan } from '../plan.ts';
import { readAnswer } from '../reading.ts';
import type { SessionParts } from '../session/parts.ts';
import { strategyOf } from '../strategies/index.ts';
import type { Standing } from '../strategy.ts';

/** That every router comes with; made once, as a router does, for making it takes longer than most histories. */
const ALIASES: AliasTable = aliasTable();

/** What a session of a history works with: the real parts. */
export function partsOf(plan: FanoutPlan, standing: Standing): SessionParts {
  const tools = {
    vectors: new Vectors(hashedEmbedder()),
    aliases: ALIASES,
    scores: new ScoreTable(),
    cluster: undefined,
  };
  return {
    plan,
    strategy: strategyOf(plan.strategy.kind, tools),
    arbiter: plan.arbiter && strategyOf('arbiter', tools),
    standing,
    documents: [],
    read: (text, from) => readAnswer(text, from, plan.strategy.answer, ALIASES),
    citations: () => undefined,
  };
}
